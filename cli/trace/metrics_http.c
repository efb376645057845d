// SPDX-License-Identifier: GPL-2.0
/*
 * The HTTP server of dmabuf-trace metrics, by libmicrohttpd. One thread does all: requests wait
 * until those that came before are answered, then the figures are read once for all that wait.
 * So a scrape is never older than its request, and many at once cost as one.
 */
#define _GNU_SOURCE
#include "trace/metrics.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_MICROHTTPD
#include <microhttpd.h>

/* Slow clients hold a connection until they have been silent for so long, and no more at a time. */
#define SILENT_SECONDS 15
#define MAX_CONNECTIONS 512
#define MAX_PER_ADDRESS 256

/* What was read once, for all requests that waited for it. */
struct scrape {
	struct MHD_Response *formats[METRICS_FORMATS];	/* NULL: nobody wants it yet */
	unsigned int users;
};

struct request {
	struct request *next;
	struct MHD_Connection *connection;
	struct scrape *scrape;		/* NULL: it waits, or memory is out */
	enum metrics_format format;
};

struct server {
	struct collector *collector;
	struct MHD_Daemon *daemon;
	struct request *waiting;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, const char *text)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(strlen(text), (void *)text,
						   MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static const char index_page[] =
	"<!DOCTYPE html><title>dmabuf-trace metrics</title>"
	"<p>dma-bufs: <a href=\"/metrics\">metrics</a>\n";

static enum MHD_Result answer_metrics(struct request *request)
{
	struct scrape *scrape = request->scrape;

	if (!scrape || !scrape->formats[request->format])
		return answer(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain",
			      "out of memory\n");
	return MHD_queue_response(request->connection, MHD_HTTP_OK,
				  scrape->formats[request->format]);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **state)
{
	struct server *server = ctx;
	struct request *request = *state;

	(void)version;
	(void)upload;
	/* Asked again after it waited */
	if (request)
		return answer_metrics(request);
	*upload_len = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
			      "only GET and HEAD\n");
	if (!strcmp(url, "/-/healthy"))
		return answer(connection, MHD_HTTP_OK, "text/plain", "OK\n");
	if (!strcmp(url, "/"))
		return answer(connection, MHD_HTTP_OK, "text/html", index_page);
	if (strcmp(url, "/metrics"))
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", "there is /metrics\n");
	request = calloc(1, sizeof(*request));
	if (!request)
		return MHD_NO;
	request->connection = connection;
	request->next = server->waiting;
	server->waiting = request;
	*state = request;
	/* answer_all() takes it up */
	MHD_suspend_connection(connection);
	return MHD_YES;
}

static void put_scrape(struct scrape *scrape)
{
	int i;

	if (--scrape->users)
		return;
	for (i = 0; i < METRICS_FORMATS; i++)
		if (scrape->formats[i])
			MHD_destroy_response(scrape->formats[i]);
	free(scrape);
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode why)
{
	struct request *request = *state;

	(void)ctx;
	(void)connection;
	(void)why;
	if (!request)
		return;
	if (request->scrape)
		put_scrape(request->scrape);
	free(request);
	*state = NULL;
}

/* Of what was read, in one format; NULL if memory is out. */
static struct MHD_Response *make_answer(struct server *server, enum metrics_format format)
{
	struct MHD_Response *response;
	size_t len;
	char *text = collector_text(server->collector, format, &len);

	if (!text)
		return NULL;
	response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				openmetrics_content_type(format));
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept");
	return response;
}

/* Returns whether there was any; then there is more to be done at once. */
static bool answer_all(struct server *server)
{
	struct scrape *scrape;

	if (!server->waiting)
		return false;
	scrape = calloc(1, sizeof(*scrape));
	if (scrape)
		scrape->users = 1;
	if (scrape && collector_read(server->collector)) {
		free(scrape);
		scrape = NULL;
	}
	while (server->waiting) {
		struct request *request = server->waiting;

		server->waiting = request->next;
		request->format = openmetrics_negotiate(
			MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
						    MHD_HTTP_HEADER_ACCEPT));
		request->scrape = scrape;
		if (scrape) {
			scrape->users++;
			if (!scrape->formats[request->format])
				scrape->formats[request->format] =
					make_answer(server, request->format);
		}
		MHD_resume_connection(request->connection);
	}
	if (scrape)
		put_scrape(scrape);
	return true;
}

/* "127.0.0.1:9417", "[::1]:9417", ":9417" */
int metrics_listen(const char *address, char *error, size_t room)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	const char *colon = strrchr(address, ':');
	int fd, err, one = 1, n = colon ? colon - address : 0;
	struct addrinfo *found;
	char host[256];

	if (!colon || !colon[1] || n >= (int)sizeof(host) || strspn(colon + 1, "0123456789") !=
	    strlen(colon + 1) || atol(colon + 1) > 65535) {
		snprintf(error, room, "--listen takes ADDRESS:PORT, like 127.0.0.1:9417: '%s'",
			 address);
		return -EINVAL;
	}
	if (n > 1 && *address == '[' && colon[-1] == ']')
		snprintf(host, sizeof(host), "%.*s", n - 2, address + 1);
	else
		snprintf(host, sizeof(host), "%.*s", n, address);
	err = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
	if (err) {
		snprintf(error, room, "--listen: no address '%s': %s", host, gai_strerror(err));
		return -EINVAL;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, SOMAXCONN)) {
		err = -errno;
		snprintf(error, room, "cannot listen at %s: %s", address, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = err;
	}
	freeaddrinfo(found);
	return fd;
}

/* With the port that 0 has become. */
static void tell_address(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char host[128], port[16];

	if (getsockname(fd, (void *)&address, &len) ||
	    getnameinfo((void *)&address, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return;
	fprintf(stderr, strchr(host, ':') ?
		"dmabuf-trace metrics: http://[%s]:%s/metrics; ^C ends\n" :
		"dmabuf-trace metrics: http://%s:%s/metrics; ^C ends\n", host, port);
}

static int loop(struct server *server, int signals)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon,
							       MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = info->epoll_fd, .events = POLLIN },
	};

	for (;;) {
		MHD_UNSIGNED_LONG_LONG ms;
		int timeout = MHD_get_timeout(server->daemon, &ms) == MHD_YES ?
			ms < 60000 ? (int)ms : 60000 : -1;

		if (poll(fds, 2, timeout) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return 0;
		do {
			MHD_run(server->daemon);
		} while (answer_all(server));
	}
}

int metrics_serve(struct collector *collector, int fd, int signals, bool quiet)
{
	struct server server = { .collector = collector };
	int err;

	signal(SIGPIPE, SIG_IGN);
	server.daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
					 on_request, &server,
					 MHD_OPTION_LISTEN_SOCKET, fd,
					 MHD_OPTION_CONNECTION_TIMEOUT, SILENT_SECONDS,
					 MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
					 MHD_OPTION_PER_IP_CONNECTION_LIMIT, MAX_PER_ADDRESS,
					 MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
					 MHD_OPTION_END);
	if (!server.daemon) {
		close(fd);
		return -ENOMEM;
	}
	if (!quiet)
		tell_address(fd);
	err = loop(&server, signals);
	answer_all(&server);
	MHD_stop_daemon(server.daemon);
	return err;
}

#else

int metrics_listen(const char *address, char *error, size_t room)
{
	(void)address;
	snprintf(error, room, "built without libmicrohttpd, so there is no --listen; --textfile works");
	return -ENOTSUP;
}

int metrics_serve(struct collector *collector, int fd, int signals, bool quiet)
{
	(void)collector;
	(void)fd;
	(void)signals;
	(void)quiet;
	return -ENOTSUP;
}

#endif
