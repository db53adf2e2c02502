/* Stories of faults, drawn from seeds and played in virtual time.
 *
 *   stories [COUNT [FIRST]]   that many seeds, from FIRST (1) on
 *   stories --seed N          one of them, with what the processes say */
#include "faults/crew.h"
#include "faults/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE    30 /* in `make test` */
#define TELL_MAX 10 /* failures that are told in full */

/* Shared between the processes. */
struct tally {
	long stories, wrong_downs, out_of_bounds, not_recovered, restless, crashed;
	long writes, starts, faults;
	int told;
};

static struct tally *tally;

static void tell(const struct story *s, const char *what)
{
	if (__atomic_fetch_add(&tally->told, 1, __ATOMIC_RELAXED) >= TELL_MAX)
		return;
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	story_describe(s, &text);
	printf("%s%s# again: build/tests/faults/stories --seed %llu\n\n", str_text(&text),
	       what, (unsigned long long)s->seed);
	fflush(stdout);
}

static void play(void *arg, uint64_t seed)
{
	(void)arg;
	struct story s;
	struct verdict v;
	story_draw(&s, seed);
	story_play(&s, &v);
	crew_add(&tally->stories, 1);
	crew_add(&tally->wrong_downs, v.wrong_downs);
	crew_add(&tally->out_of_bounds, v.out_of_bounds);
	crew_add(&tally->not_recovered, v.not_recovered);
	crew_add(&tally->restless, v.restless);
	crew_add(&tally->writes, v.writes);
	crew_add(&tally->starts, v.starts);
	crew_add(&tally->faults, s.fault_count);
	if (!verdict_good(&v))
		tell(&s, str_text(&v.text));
	verdict_fini(&v);
}

static void crash(void *arg, uint64_t seed)
{
	(void)arg;
	struct story s;
	story_draw(&s, seed);
	crew_add(&tally->crashed, 1);
	tell(&s, "the program crashed\n");
}

static int play_all(uint64_t count, uint64_t first)
{
	crew_hush();
	crew_run(first, first + count, play, crash, NULL);
	long lost = (long)count - tally->stories - tally->crashed;
	bool good = !tally->wrong_downs && !tally->out_of_bounds &&
		    !tally->not_recovered && !tally->restless && !tally->crashed && !lost;
	printf("%ld stories (seeds %llu to %llu), %ld faults, %ld starts of a process, "
	       "%ld writes of replicas: %ld wrong scale-downs, %ld out of bounds, "
	       "%ld not recovered, %ld without rest, %ld crashed\n",
	       tally->stories, (unsigned long long)first,
	       (unsigned long long)(first + count - 1), tally->faults, tally->starts,
	       tally->writes, tally->wrong_downs, tally->out_of_bounds,
	       tally->not_recovered, tally->restless, tally->crashed + lost);
	printf("%llu passed, %d failed\n", good ? (unsigned long long)count : 0,
	       good ? 0 : 1);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int play_one(uint64_t seed)
{
	struct story s;
	struct verdict v;
	struct str text AUTO(str_fini);
	str_init(&text, 65536);
	log_configure(&(struct log_config){.verbosity = 4});
	story_draw(&s, seed);
	story_describe(&s, &text);
	fputs(str_text(&text), stdout);
	fflush(stdout);
	story_play(&s, &v);
	fputs(str_text(&v.text), stdout);
	bool good = verdict_good(&v);
	puts(good ? "all is well" : "this must not be");
	verdict_fini(&v);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	tally = crew_memory(sizeof(*tally));
	if (argc > 2 && !strcmp(argv[1], "--seed"))
		return play_one(strtoull(argv[2], NULL, 10));
	return play_all(argc > 1 ? strtoull(argv[1], NULL, 10) : SHARE,
			argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
}
