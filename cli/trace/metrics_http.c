// SPDX-License-Identifier: GPL-2.0
/*
 * The HTTP server of dmabuf-trace metrics, by libmicrohttpd. In one thread, requests wait until
 * earlier requests are answered; then the figures are read once for all waiting requests. A
 * scrape is never older than its request, and concurrent requests cost one reading.
 */
#include "trace/collector.h"
#include "trace/metrics_http.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_MICROHTTPD
#include <microhttpd.h>

/* Slow clients hold a connection until they have been silent for so long, and no more at a time. */
#define SILENT_SECONDS 15
#define MAX_CONNECTIONS 512
#define MAX_PER_ADDRESS 256
/* Limit on the bytes of answers that clients have not read: above, no answer is made. */
#define MAX_UNREAD (32u << 20)
/* Bytes of an answer that the kernel keeps, for each connection */
#define SEND_BUFFER (64 << 10)
/* Descriptors reserved for reading the figures */
#define OWN_FILES 64
/* The server looks after itself so often, even if nothing happens. */
#define IDLE_MS 60000
/* Time before the next attempt to accept a client */
#define REFUSED_MS 100

/* The figures of one reading, for all waiting requests. */
struct scrape {
	struct MHD_Response *formats[METRICS_FORMATS];	/* NULL: no request yet */
	unsigned int users;
	size_t bytes;
};

struct request {
	struct request *next;
	struct MHD_Connection *connection;
	struct scrape *scrape;		/* NULL: the request waits, or no memory */
	enum metrics_format format;
};

struct server {
	struct collector *collector;
	struct MHD_Daemon *daemon;
	struct request *waiting;
	size_t unread;			/* bytes of all scrapes in use */
};

/* The state of a request before the wait */
static char headers_seen;

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
		return answer(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain",
			      "out of memory; try again later\n");
	return MHD_queue_response(request->connection, MHD_HTTP_OK,
				  scrape->formats[request->format]);
}

/* Suspends the connection until answer_all() has read the figures. */
static enum MHD_Result wait_for_scrape(struct server *server, struct MHD_Connection *connection,
				       void **state)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return MHD_NO;
	request->connection = connection;
	request->next = server->waiting;
	server->waiting = request;
	*state = request;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

/*
 * libmicrohttpd calls this after the headers, for each part of a body, and after the whole
 * request. An answer before the last call closes the connection.
 */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **state)
{
	if (!*state) {
		if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
			return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
				      "the methods are GET and HEAD\n");
		*state = &headers_seen;
		return MHD_YES;
	}
	if (*state != &headers_seen)
		return answer_metrics(*state);
	if (*upload_len) {
		*upload_len = 0;
		return MHD_YES;
	}
	if (!strcmp(url, "/-/healthy"))
		return answer(connection, MHD_HTTP_OK, "text/plain", "OK\n");
	if (!strcmp(url, "/"))
		return answer(connection, MHD_HTTP_OK, "text/html", index_page);
	if (strcmp(url, "/metrics"))
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", "no such page; see /metrics\n");
	return wait_for_scrape(ctx, connection, state);
}

static void put_scrape(struct server *server, struct scrape *scrape)
{
	if (--scrape->users)
		return;
	for (int i = 0; i < METRICS_FORMATS; i++)
		if (scrape->formats[i])
			MHD_destroy_response(scrape->formats[i]);
	server->unread -= scrape->bytes;
	free(scrape);
}

static void on_end(void *ctx, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode why)
{
	struct request *request = *state;

	*state = NULL;
	if (!request || (void *)request == &headers_seen)
		return;
	if (request->scrape)
		put_scrape(ctx, request->scrape);
	free(request);
}

/* Make the answer in one format; NULL: no memory. */
static struct MHD_Response *make_answer(struct server *server, struct scrape *scrape,
					enum metrics_format format)
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
	scrape->bytes += len;
	server->unread += len;
	return response;
}

/* NULL: no memory. */
static struct scrape *read_figures(struct server *server)
{
	struct scrape *scrape = server->unread < MAX_UNREAD ? calloc(1, sizeof(*scrape)) : NULL;

	if (scrape && collector_read(server->collector)) {
		free(scrape);
		scrape = NULL;
	}
	if (scrape)
		scrape->users = 1;
	return scrape;
}

/* Returns whether there was any; then there is more to be done at once. */
static bool answer_all(struct server *server)
{
	struct scrape *scrape;

	if (!server->waiting)
		return false;
	scrape = read_figures(server);
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
					make_answer(server, scrape, request->format);
		}
		MHD_resume_connection(request->connection);
	}
	if (scrape)
		put_scrape(server, scrape);
	return true;
}

/* An IPv6 socket also accepts IPv4. Return the socket, or -errno. */
static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int one = 1, none = 0, room = SEND_BUFFER;
	int err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) &&
	    (at->ai_family != AF_INET6 ||
	     !setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &none, sizeof(none))) &&
	    !bind(fd, at->ai_addr, at->ai_addrlen) && !listen(fd, SOMAXCONN))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Listen at the first address of this machine, IPv6 before IPv4. Return the socket or -errno. */
static int listen_at_any(const struct addrinfo *found)
{
	int fd = -EADDRNOTAVAIL, pass;

	for (pass = 0; pass < 2; pass++) {
		const struct addrinfo *at;

		for (at = found; at; at = at->ai_next) {
			if ((at->ai_family == AF_INET6) != !pass)
				continue;
			fd = listen_at(at);
			if (fd != -EADDRNOTAVAIL && fd != -EAFNOSUPPORT)
				return fd;
		}
	}
	return fd;
}

/* "127.0.0.1:9417", "[::1]:9417", ":9417" */
int metrics_listen(const char *address, char *error, size_t room)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	const char *colon = strrchr(address, ':');
	int fd, err, n = colon ? colon - address : 0;
	struct addrinfo *found;
	char host[256];

	if (!colon || !colon[1] || n >= (int)sizeof(host) || strspn(colon + 1, "0123456789") !=
	    strlen(colon + 1) || atol(colon + 1) > 65535) {
		snprintf(error, room, "invalid --listen '%s' (expected ADDRESS:PORT, such as 127.0.0.1:9417)",
			 address);
		return -EINVAL;
	}
	if (n > 1 && *address == '[' && colon[-1] == ']')
		snprintf(host, sizeof(host), "%.*s", n - 2, address + 1);
	else
		snprintf(host, sizeof(host), "%.*s", n, address);
	err = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
	if (err) {
		snprintf(error, room, "invalid --listen address '%s': %s", host, gai_strerror(err));
		return -EINVAL;
	}
	fd = listen_at_any(found);
	if (fd < 0)
		snprintf(error, room, "cannot listen at %s: %s", address, strerror(-fd));
	freeaddrinfo(found);
	return fd;
}

/* Print the address with the real port: the kernel replaces port 0. */
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

static unsigned int count_connections(struct server *server)
{
	return MHD_get_daemon_info(server->daemon,
				   MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

/*
 * Do all pending work. At its limits, libmicrohttpd removes the listening socket from its epoll
 * set, and adds the socket at the start of the first run after the closing of a connection.
 * Without this run, no client would wake poll() again. The limits hold throughout a run: if there
 * are fewer connections than before, the run has closed some.
 */
static void run(struct server *server)
{
	unsigned int before;

	do {
		before = count_connections(server);
		MHD_run(server->daemon);
	} while (answer_all(server) || count_connections(server) < before);
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
		int timeout = MHD_get_timeout(server->daemon, &ms) == MHD_YES && ms < IDLE_MS ?
			(int)ms : IDLE_MS;

		if (poll(fds, 2, timeout) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return 0;
		run(server);
		/* A client that is not accepted wakes poll() at once again */
		if (fds[1].revents && !count_connections(server) && poll(fds, 1, REFUSED_MS) > 0)
			return 0;
	}
}

/* The maximum of connections, by the free descriptors; 0: none. */
static unsigned int most_connections(int fd)
{
	int next = fcntl(fd, F_DUPFD_CLOEXEC, 0), left, own;
	struct rlimit limit;

	if (next < 0)
		return 0;
	close(next);
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return MAX_CONNECTIONS;
	/* libmicrohttpd has two of its own */
	left = (limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX) - next - 2;
	own = left / 2 < OWN_FILES ? left / 2 : OWN_FILES;
	return left < 2 ? 0 : left - own < MAX_CONNECTIONS ? left - own : MAX_CONNECTIONS;
}

int metrics_serve(struct collector *collector, int fd, int signals, bool quiet)
{
	struct server server = { .collector = collector };
	unsigned int most = most_connections(fd);
	int err;

	if (!most) {
		close(fd);
		return -EMFILE;
	}
	signal(SIGPIPE, SIG_IGN);
	server.daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
					 on_request, &server,
					 MHD_OPTION_LISTEN_SOCKET, fd,
					 MHD_OPTION_CONNECTION_TIMEOUT, SILENT_SECONDS,
					 MHD_OPTION_CONNECTION_LIMIT, most,
					 MHD_OPTION_PER_IP_CONNECTION_LIMIT, MAX_PER_ADDRESS,
					 MHD_OPTION_NOTIFY_COMPLETED, on_end, &server,
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
	snprintf(error, room, "--listen requires libmicrohttpd, which this build lacks; use --textfile");
	return -ENOTSUP;
}

int metrics_serve(struct collector *collector, int fd, int signals, bool quiet)
{
	return -ENOTSUP;
}

#endif
