/* What the page's documents hold, without a server: the list, a policy, JSON. */
#include "serve/view.h"

#include "unit/serve/policies.h"

#include <ctype.h>

#define ROW     "<tr role=\"row\"><th scope=\"row\""
#define HOSTILE "\"><script>alert(1)</script><img src=x onerror='a()'>&\x01"

static struct shown s[4];
static const struct policy_status *policies[6];
static struct pasts pasts;
static struct str out;
static struct page_view view;

static void setup(void)
{
	static const char *const names[] = {"web", "api", "batch", "cart"};
	for (int i = 0; i < 4; i++) {
		shown_init(&s[i], i < 2 ? "shop" : "back", names[i]);
		policies[i + 1] = &s[i].status; /* places 0 and 5 are empty */
	}
	view = (struct page_view){
		.now = {.now_ms = NOW_MS,
			.leading = true,
			.leader = "foretop-0",
			.instance = "foretop-0",
			.policies = policies,
			.count = 6},
		.pasts = &pasts,
		.refresh_ms = 5000,
	};
	str_init(&out, 1u << 20);
}

static void teardown(void)
{
	str_fini(&out);
	pasts_fini(&pasts);
	for (int i = 0; i < 4; i++)
		shown_fini(&s[i]);
}

static const char *list(const char *search, const char *show)
{
	str_clear(&out);
	page_list_write(&out, &view,
			&(struct list_wish){.search = search, .show = show, .page = 1});
	return str_text(&out);
}

static const char *policy(int i)
{
	str_clear(&out);
	page_policy_write(&out, &view, i + 1);
	return str_text(&out);
}

#define has(text, what)                                                                  \
	ck_assert_msg(strstr(text, what) != NULL, "no %s in %s", what, text)
#define lacks(text, what) ck_assert_msg(!strstr(text, what), "%s in %s", what, text)

static int count(const char *text, const char *what)
{
	int n = 0;
	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* --- well-formed --- */

static const char *const empty_elements[] = {"meta", "link", "input", "img", "!doctype"};

static bool is_empty_element(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(empty_elements); i++)
		if (!strcmp(name, empty_elements[i]))
			return true;
	return false;
}

/* Reads one tag from `at` (behind its '<'): attributes quoted, no stray markup. */
static const char *read_tag(const char *at, char *name, size_t size, bool *closes,
			    bool *alone)
{
	*closes = *at == '/';
	at += *closes;
	size_t n = 0;
	for (; isalnum((unsigned char)*at) || *at == '!'; at++)
		if (n + 1 < size)
			name[n++] = *at;
	name[n] = '\0';
	ck_assert_msg(n > 0, "a stray < before %.40s", at);
	for (; *at && *at != '>'; at++) {
		ck_assert_msg(*at != '<', "< inside of a tag: %.40s", at);
		if (*at == '"') {
			at = strchr(at + 1, '"');
			ck_assert_ptr_nonnull(at);
		}
	}
	*alone = at[-1] == '/';
	return at + 1;
}

/* Every element is closed in its order, and only elements that we write are there. */
static void check_markup(const char *html)
{
	static const char known[] =
		" !doctype html head meta title link script body a header img p span "
		"time main h1 h2 nav ul li b form label input button div table caption "
		"thead tr th tbody td footer noscript pre code section dl dt dd figure "
		"figcaption i svg desc path line text details summary ";
	char stack[64][16], name[16];
	int depth = 0;
	bool closes, alone;
	for (const char *at = html; (at = strchr(at, '<'));) {
		at = read_tag(at + 1, name, sizeof(name), &closes, &alone);
		char padded[20];
		snprintf(padded, sizeof(padded), " %s ", name);
		ck_assert_msg(strstr(known, padded) != NULL, "<%s>", name);
		if (closes) {
			ck_assert_msg(depth > 0 && !strcmp(stack[depth - 1], name),
				      "</%s> closes <%s>", name,
				      depth ? stack[depth - 1] : "nothing");
			depth--;
		} else if (!alone && !is_empty_element(name)) {
			ck_assert_int_lt(depth, 64);
			strcpy(stack[depth++], name);
		}
	}
	ck_assert_int_eq(depth, 0);
}

static void remember(int steps)
{
	for (int i = 0; i < steps; i++)
		for (int k = 0; k < 4; k++)
			pasts_add(&pasts, k + 1, &s[k].status,
				  NOW_MS - PAST_STEP_MS * (steps - i));
}

START_TEST(documents_are_well_formed)
{
	remember(30);
	check_markup(list("", ""));
	check_markup(policy(0));
	str_clear(&out);
	page_note_write(&out, &view, "Not found", "There is no such page.");
	check_markup(str_text(&out));
	view.now.leading = false;
	check_markup(list("", ""));
}
END_TEST

/* --- text from outside --- */

static void be_hostile(struct shown *h)
{
	struct policy *p = (struct policy *)h->status.policy;
	char **texts[] = {&p->target.name, &p->target.kind, &p->metrics[0].name};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		free(*texts[i]);
		*texts[i] = xstrdup(HOSTILE);
	}
	h->status.ns = HOSTILE;
	h->status.name = HOSTILE;
	h->status.reason = HOSTILE;
	strcpy(h->status.metrics[0].forecast.anomaly.text, HOSTILE);
	strcpy(h->status.metrics[0].forecast.reason, HOSTILE);
	for (int c = 0; c < PC_COUNT; c++)
		strcpy(h->status.conditions[c].message, HOSTILE);
	h->status.conditions[PC_READY].status = STATUS_FALSE;
}

static void check_harmless(const char *html)
{
	check_markup(html);
	ck_assert_int_eq(count(html, "<script"), 1); /* our own */
	ck_assert_int_eq(count(html, "<img"), 1);
	lacks(html, "onerror='");
	lacks(html, "\x01");
	has(html, "&lt;script&gt;alert(1)&lt;/script&gt;");
}

START_TEST(hostile_names_and_reasons_stay_text)
{
	be_hostile(&s[0]);
	view.now.leader = view.now.instance = HOSTILE;
	remember(5);
	check_harmless(list(HOSTILE, HOSTILE));
	check_harmless(list("", ""));
	check_harmless(policy(0));
	s[0].status.metrics[0].forecast.state = FORECAST_WAITING;
	check_harmless(policy(0));
	view.now.leading = false;
	check_harmless(list("", ""));
}
END_TEST

/* Random bytes in every place: whatever comes out is the markup that we wrote. */
START_TEST(random_texts_stay_text)
{
	struct rng rng;
	char text[128];
	rng_init(&rng, (uint64_t)_i);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		static const char likely[] = "<>\"'&/= \x01\xc3\xff-!scriptong";
		uint64_t r = rng_next(&rng);
		text[i] = r % 3 ? likely[r / 3 % (sizeof(likely) - 1)]
				: (char)(1 + r / 3 % 255);
	}
	text[sizeof(text) - 1] = '\0';
	s[0].status.name = text;
	s[0].status.reason = text;
	strcpy(s[0].status.conditions[PC_HELD].message, text);
	strcpy(s[0].status.metrics[0].forecast.anomaly.text, text);
	check_markup(list("", ""));
	check_markup(list(text, text));
	check_markup(policy(0));
	char *json AUTO_FREE = api_policies(&view);
	cJSON *tree AUTO(json_cleanup) = json_parse(json, strlen(json), NULL);
	ck_assert_str_eq(
		json_str(cJSON_GetArrayItem(json_at(tree, "policies"), 0), "policy", ""),
		text);
}
END_TEST

/* --- the list --- */

START_TEST(policies_stand_in_the_order_of_their_names)
{
	const char *html = list("", "");
	static const char *const order[] = {"back/</span>batch", "back/</span>cart",
					    "shop/</span>api", "shop/</span>web"};
	const char *at = html;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		at = strstr(at, order[i]);
		ck_assert_msg(at != NULL, "%s is missing or out of order", order[i]);
	}
	ck_assert_int_eq(count(html, ROW), 4);
	has(html, "href=\"/policies/back/batch\"");
	has(html, ">All <b>4</b>");
	has(html, "requests forecast 640 within 5m (q95) &gt; capacity 400 -&gt; 4 to 7");
	has(html, "up to 640 in 5 min");
	has(html, "pods, 2 to 40");
	has(html, "foretop-0 leads");
	has(html, "as of <time datetime=\"2026-01-19T08:31:15Z\">08:31:15 UTC</time>");
}
END_TEST

START_TEST(names_are_found)
{
	ck_assert_int_eq(count(list("shop/", ""), ROW), 2);
	ck_assert_int_eq(count(list("BATCH", ""), ROW), 1);
	has(str_text(&out), "value=\"BATCH\"");
	has(list("nobody", ""), "No policy is like that");
	/* By the target's name, too: all have the same. */
	ck_assert_int_eq(count(list("web", ""), ROW), 4);
}
END_TEST

START_TEST(filters_keep_what_they_say)
{
	s[0].status.desired = s[0].status.current;
	s[1].status.conditions[PC_METRICS_AVAILABLE].status = STATUS_FALSE;
	s[2].status.conditions[PC_FORECAST_TRUSTED] = (struct status_condition){
		.status = STATUS_FALSE, .reason = "ForecastUntrusted"};
	s[3].status.metrics[0].forecast_on = false;
	ck_assert_int_eq(count(list("", "changing"), ROW), 3);
	ck_assert_int_eq(count(list("", "look"), ROW), 1);
	has(str_text(&out), "metrics unknown");
	ck_assert_int_eq(count(list("", "followed"), ROW), 2);
	has(str_text(&out), "aria-current=\"true\">Forecast followed <b>2</b>");
	has(list("", ""), "<td role=\"cell\">watched");
	has(str_text(&out), "<td role=\"cell\">off");
	ck_assert_int_eq(count(list("", "nonsense"), ROW), 4);
}
END_TEST

START_TEST(marks_tell_what_is_odd)
{
	static const struct {
		int condition, status;
		const char *reason, *mark;
		bool look;
	} rows[] = {
		{PC_READY, STATUS_FALSE, "PolicyInvalid", "policy refused", true},
		{PC_CONFLICT, STATUS_TRUE, "OlderPolicy", "conflict", true},
		{PC_METRICS_AVAILABLE, STATUS_FALSE, "MetricUnknown", "metrics unknown",
		 true},
		{PC_ABLE_TO_SCALE, STATUS_FALSE, "FailedGetScale", "cannot scale", true},
		{PC_SCALING_LIMITED, STATUS_TRUE, "TooManyReplicas", "at its maximum",
		 true},
		{PC_HELD, STATUS_TRUE, "Guard", "held", false},
		{PC_PAUSED, STATUS_TRUE, "Paused", "paused", false},
	};
	s[0].status.conditions[rows[_i].condition].status = rows[_i].status;
	s[0].status.conditions[rows[_i].condition].reason = rows[_i].reason;
	unsigned marks = standing_of(&s[0].status);
	ck_assert_int_eq(standing_wants_a_look(marks), rows[_i].look);
	standing_write(&out, marks);
	has(str_text(&out), rows[_i].mark);
	lacks(str_text(&out), "ok");
}
END_TEST

START_TEST(a_usual_policy_is_ok)
{
	ck_assert_uint_eq(standing_of(&s[0].status), 0);
	/* Limited, but not by its maximum. */
	s[0].status.conditions[PC_SCALING_LIMITED] = (struct status_condition){
		.status = STATUS_TRUE, .reason = "ScaleUpLimit"};
	ck_assert_uint_eq(standing_of(&s[0].status), 0);
	strcpy(s[0].status.metrics[0].forecast.anomaly.text, "far off");
	ck_assert(standing_wants_a_look(standing_of(&s[0].status)));
	((struct policy *)s[1].status.policy)->mode = MODE_RECOMMEND;
	ck_assert_uint_eq(standing_of(&s[1].status), 1u << MARK_RECOMMENDS);
}
END_TEST

START_TEST(many_policies_come_in_pages)
{
	enum { MANY = 1201 };
	const struct policy_status **many = xcalloc(MANY, sizeof(*many));
	for (int i = 0; i < MANY; i++)
		many[i] = &s[0].status;
	view.now.policies = many;
	view.now.count = MANY;
	out.limit = 16u << 20;
	ck_assert_int_eq(count(list("", ""), ROW), 500);
	has(str_text(&out), "Page 1 of 3");
	has(str_text(&out), "<a id=\"next\" href=\"/?page=2\">Next</a>");
	lacks(str_text(&out), ">Before</a>");
	str_clear(&out);
	page_list_write(&out, &view,
			&(struct list_wish){.search = "a&b web", .show = "", .page = 9});
	has(str_text(&out), "No policy is like that");
	str_clear(&out);
	page_list_write(
		&out, &view,
		&(struct list_wish){.search = "web", .show = "changing", .page = 9});
	ck_assert_int_eq(count(str_text(&out), ROW), 201);
	has(str_text(&out), "href=\"/?q=web&amp;show=changing&amp;page=2\">Before</a>");
	free(many);
}
END_TEST

START_TEST(an_empty_list_says_why)
{
	view.now.count = 0;
	has(list("", ""), "No policies yet");
	view.now.waiting = "The policies are being read.";
	has(list("", ""), "The policies are being read.");
}
END_TEST

START_TEST(a_standby_says_who_leads_and_how_to_get_there)
{
	view.now.leading = false;
	view.now.instance = "foretop-1";
	has(list("", ""), "<b>foretop-0</b> leads");
	has(str_text(&out), "kubectl port-forward pod/foretop-0 8081");
	has(str_text(&out), "foretop-1 stands by");
	ck_assert_int_eq(count(str_text(&out), "<tr>"), 0);
	view.now.leader = "";
	has(list("", ""), "Nobody is known to lead");
}
END_TEST

static const struct page_shard shards[] = {
	{"foretop-1", false}, {"foretop-0", true}, {"", false}, {"foretop-1", false}};

static void split(void)
{
	view.now.shards = shards;
	view.now.shard_count = ARRAY_LEN(shards);
}

START_TEST(one_leader_of_several_says_who_has_the_other_shards)
{
	lacks(list("", ""), "shard");
	split();
	has(list("", ""), "foretop-0 leads 1 of 4 shards");
	has(str_text(&out), "<b>foretop-1</b>: shards 0 3; <b>foretop-0</b>: shards "
			    "(shown here) 1; <b>nobody</b>: shards 2");
	has(str_text(&out), ROW);
}
END_TEST

START_TEST(a_standby_beside_shards_says_who_has_them)
{
	split();
	view.now.leading = false;
	view.now.leader = "";
	has(list("", ""), "foretop-0 stands by");
	has(str_text(&out), "<b>foretop-1</b>: shards 0 3");
	lacks(str_text(&out), "Nobody is known to lead");
}
END_TEST

START_TEST(json_names_the_holders_of_shards_where_there_are_some)
{
	char *one AUTO_FREE = api_policies(&view);
	lacks(one, "shards");
	split();
	char *text AUTO_FREE = api_policies(&view);
	has(text, "\"shards\":[\"foretop-1\",\"foretop-0\",\"\",\"foretop-1\"]");
}
END_TEST

static const struct page_other others[] = {
	{"shop", "far", 3}, {"shop", "orphan", 2}, {"shop", "new", 1}};

static void know_others(void)
{
	split();
	view.now.others = others;
	view.now.other_count = ARRAY_LEN(others);
}

START_TEST(policies_of_other_shards_stand_with_who_leads_them)
{
	know_others();
	has(list("", ""),
	    "/policies/shop/far\">shop/far</a>: led by foretop-1 (shard 3)");
	has(str_text(&out), "shop/orphan</a>: led by nobody at the moment (shard 2)");
	has(str_text(&out), "shop/new</a>: led by this replica (shard 1), which is still "
			    "reading it");
	lacks(list("orph", ""), "shop/far");
	has(str_text(&out), "shop/orphan");
	lacks(list("", "look"), "shop/far");
	view.now.leading = false;
	view.now.leader = "";
	has(list("", ""), "shop/far</a>: led by foretop-1");
}
END_TEST

START_TEST(the_page_of_a_foreign_policy_says_where_it_is_shown)
{
	know_others();
	page_other_write(&out, &view, &others[0]);
	has(str_text(&out), "<h1>shop/far</h1><p>This policy is led by foretop-1 (shard "
			    "3).</p>");
	has(str_text(&out), "kubectl port-forward pod/foretop-1 8081");
	str_clear(&out);
	page_other_write(&out, &view, &others[1]);
	has(str_text(&out), "led by nobody at the moment (shard 2)");
	lacks(str_text(&out), "port-forward");
}
END_TEST

START_TEST(json_lists_foreign_policies_apart_from_those_with_numbers)
{
	know_others();
	char *all AUTO_FREE = api_policies(&view);
	has(all, "\"others\":[{\"namespace\":\"shop\",\"policy\":\"far\",\"shard\":3,"
		 "\"leader\":\"foretop-1\"}");
	static const int32_t places[] = {-1, 1, -1, 1, 1, -1};
	view.now.policy_shards = places;
	char *own AUTO_FREE = api_policy(&view, 1);
	has(own, "\"shard\":1,\"leader\":\"foretop-0\"");
	char *unknown AUTO_FREE = api_policy(&view, 2);
	lacks(unknown, "\"shard\":");
	char *one AUTO_FREE = api_other(&view, &others[0]);
	ck_assert_str_eq(one, "{\"error\":\"led by foretop-1 (shard 3)\",\"shard\":3,"
			      "\"leader\":\"foretop-1\"}");
}
END_TEST

START_TEST(a_refused_policy_shows_what_is_wrong_with_it)
{
	struct policy *kept = (struct policy *)s[0].status.policy;
	s[0].status.policy = NULL;
	s[0].status.conditions[PC_READY] = (struct status_condition){
		.status = STATUS_FALSE,
		.reason = "PolicyInvalid",
		.message = "line 2: mode: Sacle: allowed: Recommend, Scale, Floor"};
	has(list("", ""), "line 2: mode: Sacle: allowed");
	check_markup(str_text(&out));
	has(policy(0), "line 2: mode: Sacle: allowed");
	check_markup(str_text(&out));
	s[0].status.policy = kept;
	has(policy(0), "(the last valid version stays in force)");
}
END_TEST

/* --- one policy --- */

START_TEST(a_policy_shows_decision_forecast_gate_and_conditions)
{
	s[0].status.gate = (struct gate){.ours = 100,
					 .reactive = 130,
					 .weight = 10,
					 .evidence_min = 1500,
					 .open = true,
					 .since_ms = NOW_MS - 60000};
	strcpy(s[0].status.metrics[0].forecast.anomaly.text,
	       "950 where 120 was expected");
	const char *html = policy(0);
	has(html, "<h1><span class=\"ns\">shop/</span>web</h1>");
	has(html, "<dt>Desired</dt><dd>7</dd>");
	has(html, "<dt>Lead time of a pod</dt><dd>1m30s, the default</dd>");
	has(html, "<dt>Last write</dt><dd>2026-01-19 08:30 UTC</dd>");
	has(html, "linear regression (day)");
	has(html, "31 %");
	has(html, "96 %");
	has(html, "950 where 120 was expected");
	has(html, "<dt>Cost with the forecast</dt><dd>10</dd>");
	has(html, "<dt>Evidence</dt><dd>1d1h</dd>");
	has(html, "followed: all is well");
	has(html, "Pictures begin two minutes after the first decision");
	ck_assert_int_eq(count(html, "<b>Fine</b>"), PC_COUNT);
	has(html, "href=\"/api/v1/policies/shop/web\"");
	remember(61);
	ck_assert_int_eq(count(policy(0), "<svg"), 2);
	ck_assert_int_eq(count(str_text(&out), "<th scope=\"row\">0"), 12);
}
END_TEST

/* --- JSON --- */

START_TEST(json_tells_the_same)
{
	remember(3);
	char *text AUTO_FREE = api_policies(&view);
	cJSON *all AUTO(json_cleanup) = json_parse(text, strlen(text), NULL);
	ck_assert_int_eq(cJSON_GetArraySize(json_at(all, "policies")), 4);
	ck_assert_str_eq(json_str(all, "leader", ""), "foretop-0");
	ck_assert_str_eq(json_str(all, "time", ""), "2026-01-19T08:31:15Z");
	ck_assert_str_eq(json_str(all, "version", ""), FORETOP_VERSION);
	ck_assert(json_bool(all, "leading", false));
	char *one_text AUTO_FREE = api_policy(&view, 2);
	cJSON *one AUTO(json_cleanup) = json_parse(one_text, strlen(one_text), NULL);
	ck_assert_str_eq(json_str(one, "policy.policy", ""), "api");
	ck_assert_int_eq(json_int(one, "policy.desiredReplicas", 0), 7);
	ck_assert_str_eq(json_str(one, "policy.history.metric", ""), "requests");
	ck_assert_int_eq(json_int(one, "policy.history.stepSeconds", 0), 120);
	const cJSON *points = json_at(one, "policy.history.points");
	ck_assert_int_eq(cJSON_GetArraySize(points), 3);
	const cJSON *newest = cJSON_GetArrayItem(points, 2);
	ck_assert_str_eq(json_str(newest, "time", ""), "2026-01-19T08:28:00Z");
	ck_assert_int_eq(json_int(newest, "demand", 0), 380);
	ck_assert_int_eq(json_int(newest, "upper", 0), 640);
	ck_assert_int_eq(json_int(newest, "readyPods", 0), 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("documents");
	TCase *tc = tcase_create("documents");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, documents_are_well_formed);
	tcase_add_test(tc, hostile_names_and_reasons_stay_text);
	tcase_add_loop_test(tc, random_texts_stay_text, 0, 50);
	tcase_add_test(tc, policies_stand_in_the_order_of_their_names);
	tcase_add_test(tc, names_are_found);
	tcase_add_test(tc, filters_keep_what_they_say);
	tcase_add_loop_test(tc, marks_tell_what_is_odd, 0, 7);
	tcase_add_test(tc, a_usual_policy_is_ok);
	tcase_add_test(tc, many_policies_come_in_pages);
	tcase_add_test(tc, an_empty_list_says_why);
	tcase_add_test(tc, a_standby_says_who_leads_and_how_to_get_there);
	tcase_add_test(tc, one_leader_of_several_says_who_has_the_other_shards);
	tcase_add_test(tc, a_standby_beside_shards_says_who_has_them);
	tcase_add_test(tc, json_names_the_holders_of_shards_where_there_are_some);
	tcase_add_test(tc, policies_of_other_shards_stand_with_who_leads_them);
	tcase_add_test(tc, the_page_of_a_foreign_policy_says_where_it_is_shown);
	tcase_add_test(tc, json_lists_foreign_policies_apart_from_those_with_numbers);
	tcase_add_test(tc, a_refused_policy_shows_what_is_wrong_with_it);
	tcase_add_test(tc, a_policy_shows_decision_forecast_gate_and_conditions);
	tcase_add_test(tc, json_tells_the_same);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
