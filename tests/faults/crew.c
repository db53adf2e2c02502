#include "faults/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 16
#define BLOCK       50

static int worker_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

void *crew_memory(unsigned long size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(EXIT_FAILURE);
	}
	return memory;
}

void crew_add(long *to, long n)
{
	__atomic_fetch_add(to, n, __ATOMIC_RELAXED);
}

void crew_hush(void)
{
	if (!freopen("/dev/null", "w", stderr))
		exit(EXIT_FAILURE);
}

/* In a process of its own. The next one that is to be run. */
static uint64_t run_block(uint64_t from, uint64_t end, int step,
			  void (*run)(void *arg, uint64_t i),
			  void (*crashed)(void *arg, uint64_t i), void *arg,
			  uint64_t *running)
{
	uint64_t to = from;
	for (int i = 0; i < BLOCK && to < end; i++)
		to += (uint64_t)step;
	int status = 0;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		for (uint64_t i = from; i < to; i += (uint64_t)step) {
			*running = i;
			run(arg, i);
		}
		exit(EXIT_SUCCESS); /* with its check for leaks, where there is one */
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		return to;
	crashed(arg, *running);
	return *running + (uint64_t)step;
}

void crew_run(uint64_t first, uint64_t end, void (*run)(void *arg, uint64_t i),
	      void (*crashed)(void *arg, uint64_t i), void *arg)
{
	int workers = worker_count();
	uint64_t *running = crew_memory((unsigned long)workers * sizeof(*running));
	pid_t pids[WORKERS_MAX];
	for (int w = 0; w < workers; w++) {
		fflush(NULL);
		pids[w] = fork();
		if (pids[w] != 0)
			continue;
		for (uint64_t i = first + (uint64_t)w; i < end;)
			i = run_block(i, end, workers, run, crashed, arg, &running[w]);
		fflush(NULL);
		_exit(EXIT_SUCCESS);
	}
	for (int w = 0; w < workers; w++)
		waitpid(pids[w], NULL, 0);
	munmap(running, (unsigned long)workers * sizeof(*running));
}
