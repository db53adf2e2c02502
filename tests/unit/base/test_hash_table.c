#include "unit/harness.h"

#include "base/base.h"

struct thing {
	struct hash_link link;
	int number;
	bool in;
};

static const struct thing *first(const struct hash_table *t, uint64_t hash)
{
	return (const struct thing *)hash_table_find(t, hash);
}

START_TEST(an_empty_table_finds_nothing)
{
	struct hash_table t = {0};
	ck_assert_ptr_null(hash_table_find(&t, 0));
	hash_table_fini(&t);
	hash_table_fini(&t);
}
END_TEST

START_TEST(equal_hashes_come_newest_first_however_it_grows)
{
	struct hash_table t = {0};
	struct thing same[5], others[300];
	for (int i = 0; i < 300; i++) {
		if (i % 60 == 0) {
			same[i / 60] = (struct thing){.number = i / 60};
			hash_table_add(&t, &same[i / 60].link, 77);
		}
		hash_table_add(&t, &others[i].link, (uint64_t)i * 1000003);
	}
	int want = 4;
	for (const struct thing *s = first(&t, 77); s;
	     s = (const struct thing *)hash_table_next(&s->link))
		ck_assert_int_eq(s->number, want--);
	ck_assert_int_eq(want, -1);
	hash_table_remove(&t, &same[2].link);
	hash_table_remove(&t, &same[4].link);
	ck_assert_int_eq(first(&t, 77)->number, 3);
	ck_assert_int_eq(((const struct thing *)hash_table_next(&same[3].link))->number,
			 1);
	ck_assert_uint_eq(t.count, 303);
	hash_table_fini(&t);
}
END_TEST

START_TEST(it_holds_what_was_added_and_not_removed)
{
	enum { N = 200 };
	struct hash_table t = {0};
	struct thing things[N] = {0};
	struct rng rng;
	rng_init(&rng, (uint64_t)_i);
	for (int round = 0; round < 2000; round++) {
		struct thing *x = &things[rng_next(&rng) % N];
		x->number = (int)(x - things);
		if (x->in)
			hash_table_remove(&t, &x->link);
		else
			hash_table_add(&t, &x->link, (uint64_t)(x->number % 50));
		x->in = !x->in;
	}
	size_t count = 0;
	for (uint64_t hash = 0; hash < 50; hash++) {
		const struct hash_link *l = hash_table_find(&t, hash);
		for (; l; l = hash_table_next(l), count++) {
			const struct thing *x = (const struct thing *)l;
			ck_assert(x->in && (uint64_t)(x->number % 50) == hash);
		}
	}
	for (int i = 0; i < N; i++)
		count -= things[i].in;
	ck_assert_uint_eq(count, 0);
	hash_table_fini(&t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hash table");
	TCase *t = tcase_create("table");
	tcase_add_test(t, an_empty_table_finds_nothing);
	tcase_add_test(t, equal_hashes_come_newest_first_however_it_grows);
	tcase_add_loop_test(t, it_holds_what_was_added_and_not_removed, 1, 6);
	suite_add_tcase(s, t);
	return run_suite(s);
}
