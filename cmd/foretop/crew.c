#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

/* Nothing here falls into more parts. */
#define CREW_MAX 16

struct work {
	void (*job)(void *arg, int32_t i);
	void *arg;
	int32_t count;
	atomic_int next;
};

static void *toil(void *arg)
{
	struct work *w = arg;
	for (int i; (i = atomic_fetch_add(&w->next, 1)) < w->count;)
		w->job(w->arg, i);
	return NULL;
}

static int32_t processors(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	int32_t n = CPU_COUNT(&set);
	return n > CREW_MAX ? CREW_MAX : n;
}

void crew_spread(void (*job)(void *arg, int32_t i), void *arg, int32_t count)
{
	struct work work = {.job = job, .arg = arg, .count = count};
	pthread_t others[CREW_MAX];
	int32_t wanted = processors() - 1, hired = 0;
	if (wanted > count - 1)
		wanted = count - 1;
	while (hired < wanted && pthread_create(&others[hired], NULL, toil, &work) == 0)
		hired++;
	toil(&work);
	for (int32_t i = 0; i < hired; i++)
		pthread_join(others[i], NULL);
}
