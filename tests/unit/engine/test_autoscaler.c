#include "unit/engine/rig.h"

#define MODE(mode)                                                                       \
	"scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}\n"      \
	"mode: " mode                                                                    \
	"\nminReplicas: 2\nmaxReplicas: 40\nmetrics:\n" EXTERNAL NO_FORECAST

static struct rig r;
static struct autoscaler_info hpa;

static void tell(enum event_type type, const struct autoscaler_info *info,
		 const char *problem)
{
	struct event event = {.type = type};
	event.u.autoscaler.ref = (struct target_ref){"shop", "Deployment", "checkout"};
	event.u.autoscaler.info = info;
	event.u.autoscaler.problem = problem;
	rig_step(&r, &event);
}

static void see(const char *uid, const char *version, int32_t min)
{
	hpa.uid = uid;
	hpa.resource_version = version;
	hpa.min = min;
	tell(EVENT_AUTOSCALER, &hpa, NULL);
}

static void setup(void)
{
	rig_open(&r, NULL);
	hpa = (struct autoscaler_info){
		.name = "web", .owner = "", .max = 20, .original = 2};
}

static void teardown(void)
{
	rig_close(&r);
}

static const struct autoscaler_state *known(void)
{
	return &rig_slot(&r)->autoscaler;
}

static bool stops(const char **reason, char *text, size_t size)
{
	return autoscaler_obstacle(rig_slot(&r), reason, text, size);
}

/* Watches may lag behind the answer to our own write. */
START_TEST(an_older_view_of_the_same_object_changes_nothing)
{
	rig_policy(&r, "checkout", MODE("Floor"));
	see("u", "100", 6);
	see("u", "99", 2);
	ck_assert_int_eq(known()->min, 6);
	see("u", "9", 2); /* versions are numbers, whatever they look like */
	ck_assert_int_eq(known()->min, 6);
	see("u", "100", 7);
	ck_assert_int_eq(known()->min, 7);
	see("u", "1000", 8);
	ck_assert_int_eq(known()->min, 8);
	see("another", "5", 3);
	ck_assert_int_eq(known()->min, 3);
	ck_assert_str_eq(known()->resource_version, "5");
}
END_TEST

START_TEST(one_that_went_and_came_back_is_seen_at_any_version)
{
	rig_policy(&r, "checkout", MODE("Floor"));
	see("u", "100", 6);
	tell(EVENT_AUTOSCALER, NULL, NULL);
	ck_assert_int_eq(known()->standing, AUTOSCALER_NONE);
	see("u", "50", 4);
	ck_assert_int_eq(known()->min, 4);
}
END_TEST

START_TEST(what_is_known_is_not_awaited_again)
{
	rig_policy(&r, "checkout", MODE("Floor"));
	tell(EVENT_AUTOSCALER_AWAITED, NULL, NULL);
	ck_assert_int_eq(known()->standing, AUTOSCALER_AWAITED);
	see("u", "1", 2);
	tell(EVENT_AUTOSCALER_AWAITED, NULL, NULL);
	ck_assert_int_eq(known()->standing, AUTOSCALER_PRESENT);
}
END_TEST

static const struct {
	const char *text;
	bool scaled_object;
	const char *owner, *reason, *says; /* reason NULL: it is in nobody's way */
} present[] = {
	{MODE("Recommend"), false, "", NULL, NULL},
	{MODE("Recommend"), true, "", NULL, NULL},
	{MODE("Scale"), false, "", "HorizontalPodAutoscaler",
	 "HorizontalPodAutoscaler web scales it too"},
	{MODE("Scale"), true, "", "ScaledObject", "ScaledObject web scales it too"},
	{MODE("Scale"), false, "a ScaledObject", "HorizontalPodAutoscaler",
	 "HorizontalPodAutoscaler web scales it too"},
	{MODE("Floor"), false, "", NULL, NULL},
	{MODE("Floor"), true, "", NULL, NULL},
	{MODE("Floor"), false, "ScaledObject shop", "AutoscalerOwned",
	 "ScaledObject shop sets minReplicas of HorizontalPodAutoscaler web itself"},
};

START_TEST(who_scales_too_is_in_the_way_of_some)
{
	const char *reason = NULL;
	char text[256] = "";
	rig_policy(&r, "checkout", present[_i].text);
	hpa.scaled_object = present[_i].scaled_object;
	hpa.owner = present[_i].owner;
	see("u", "1", 2);
	ck_assert_int_eq(stops(&reason, text, sizeof(text)), present[_i].reason != NULL);
	if (!present[_i].reason)
		return;
	ck_assert_str_eq(reason, present[_i].reason);
	ck_assert_str_eq(text, present[_i].says);
}
END_TEST

static const struct {
	const char *text, *problem;
	const char *reason, *says;
} absent[] = {
	{MODE("Recommend"), NULL, NULL, NULL},
	{MODE("Recommend"), "forbidden", NULL, NULL},
	{MODE("Scale"), NULL, NULL, NULL},
	/* Where HPAs may not be read mode Scale goes on. */
	{MODE("Scale"), "forbidden", NULL, NULL},
	{MODE("Floor"), NULL, "NoAutoscaler",
	 "mode Floor needs a HorizontalPodAutoscaler or ScaledObject for Deployment "
	 "checkout: there is none"},
	{MODE("Floor"), "forbidden", "AutoscalerUnknown",
	 "whether a HorizontalPodAutoscaler scales it is not known: forbidden"},
};

START_TEST(who_does_not_or_may_is_in_the_way_of_floors)
{
	const char *reason = NULL;
	char text[256] = "";
	rig_policy(&r, "checkout", absent[_i].text);
	ck_assert(!stops(&reason, text, sizeof(text))); /* nobody has told yet */
	tell(EVENT_AUTOSCALER, NULL, absent[_i].problem);
	ck_assert_int_eq(stops(&reason, text, sizeof(text)), absent[_i].reason != NULL);
	if (!absent[_i].reason)
		return;
	ck_assert_str_eq(reason, absent[_i].reason);
	ck_assert_str_eq(text, absent[_i].says);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("autoscaler");
	TCase *t = tcase_create("autoscaler");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_older_view_of_the_same_object_changes_nothing);
	tcase_add_test(t, one_that_went_and_came_back_is_seen_at_any_version);
	tcase_add_test(t, what_is_known_is_not_awaited_again);
	tcase_add_loop_test(t, who_scales_too_is_in_the_way_of_some, 0,
			    ARRAY_LEN(present));
	tcase_add_loop_test(t, who_does_not_or_may_is_in_the_way_of_floors, 0,
			    ARRAY_LEN(absent));
	suite_add_tcase(s, t);
	return run_suite(s);
}
