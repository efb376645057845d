// SPDX-License-Identifier: GPL-2.0
/*
 * exits: "exits N" makes N processes, one after the other, each of 8 threads that exit together. In
 * the first process, the threads exit one by one, each with another status. Prints as JSON the
 * status of each process.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

static pthread_t threads[THREADS];

static void *wait_for_exit(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

/* Each thread exits when the thread before has. */
static void *exit_after(void *number)
{
	long n = (long)number;

	if (n)
		pthread_join(threads[n - 1], NULL);
	syscall(SYS_exit, (int)n + 1);
	return NULL;
}

static void process(int one_by_one)
{
	threads[0] = pthread_self();
	for (long i = 1; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, one_by_one ? exit_after : wait_for_exit,
				   (void *)i))
			_exit(77);
	if (one_by_one)
		exit_after(0);
	_exit(3);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1, i, status;
	pid_t pid;

	putchar('{');
	for (i = 0; i < n; i++) {
		fflush(stdout);
		pid = fork();
		if (!pid)
			process(!i);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		printf("%s\"%d\":%d", i ? "," : "", pid, status);
	}
	puts("}");
	return 0;
}
