#include "kube/login.h"

#include "unit/kube/api.h"

#include <sys/stat.h>

#define V1 "client.authentication.k8s.io/v1"

static struct api api;
static char dir[64], script[96], answer_file[96], runs_file[96];
static struct kube_reply got;
static int replies, wanted, asked;
static bool refuse_old;
static char heads[16][1024];

/* A plugin that counts its runs, checks what it is told, and says what a file holds. */
static const char plugin[] = "#!/bin/sh\n"
			     "echo run >>\"$RUNS\"\n"
			     "[ -n \"$KUBERNETES_EXEC_INFO\" ] || exit 9\n"
			     "[ -s \"$1\" ] || { echo no session >&2; exit 4; }\n"
			     "sed \"s/RUN/$(wc -l <\"$RUNS\")/\" \"$1\"\n";

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	fclose(out);
	chmod(path, mode);
}

/* What the next runs give; RUN stands for the run's number. expires_in_s: 0: not said. */
static void plugin_gives(const char *token, int expires_in_s)
{
	char expiry[64] = "", at[32];
	if (expires_in_s)
		snprintf(
			expiry, sizeof(expiry), ",\"expirationTimestamp\":\"%s\"",
			time_format(wall_ms() + expires_in_s * MS_PER_S, at, sizeof(at)));
	char *text AUTO_FREE =
		xasprintf("{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
			  "\",\"status\":{\"token\":\"%s\"%s}}",
			  token, expiry);
	write_file(answer_file, text, 0600);
}

static int runs(void)
{
	char *text AUTO_FREE = NULL;
	int n = 0;
	if (file_read(runs_file, 4096, &text, NULL, NULL) < 0)
		return 0;
	for (const char *p = text; *p; p++)
		n += *p == '\n';
	return n;
}

static void answer(struct api *a, const struct api_request *q)
{
	(void)a;
	snprintf(heads[asked++ % 16], sizeof(heads[0]), "%s", q->head);
	if (refuse_old && strstr(q->head, "Bearer token-1\r\n"))
		api_refuse(q->peer, 401, "Unauthorized", "Unauthorized");
	else
		api_reply(q->peer, 200, "", "{}");
}

static void on_reply(void *arg, const struct kube_reply *reply)
{
	(void)arg;
	got = *reply;
	if (++replies == wanted)
		api_stop(&api);
}

static void setup(void)
{
	strcpy(dir, "/tmp/foretop-login-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(script, sizeof(script), "%s/plugin", dir);
	snprintf(answer_file, sizeof(answer_file), "%s/answer", dir);
	snprintf(runs_file, sizeof(runs_file), "%s/runs", dir);
	write_file(script, plugin, 0700);
	api_init(&api, answer, NULL);
	char *text AUTO_FREE = xasprintf(
		"{apiVersion: " V1 ", command: ./plugin, args: [%s], env: [{name: RUNS, "
		"value: %s}], interactiveMode: Never, installHint: install it}",
		answer_file, runs_file);
	struct yaml_node *exec AUTO(yaml_node_cleanup) = NULL;
	ck_assert_int_eq(yaml_parse(text, strlen(text), &exec, NULL), 0);
	ck_assert_int_eq(exec_plugin_read(exec, dir, &api.config.exec, NULL), 0);
	replies = asked = 0;
	refuse_old = false;
}

static void teardown(void)
{
	api_fini(&api);
	unlink(script);
	unlink(answer_file);
	unlink(runs_file);
	rmdir(dir);
}

static void ask(int n)
{
	struct kube_request request = {.method = KUBE_GET, .path = "/api/v1/x"};
	replies = 0;
	wanted = n;
	for (int i = 0; i < n; i++) {
		request.urgent = i % 2;
		kube_send(api.kube, &request, on_reply, NULL);
	}
	api_run(&api);
}

START_TEST(requests_wait_for_the_first_token_and_share_it)
{
	plugin_gives("token-RUN", 0);
	api_client(&api);
	ask(4);
	ask(1);
	ck_assert_int_eq(got.err.code, ERR_NONE);
	ck_assert_int_eq(runs(), 1);
	ck_assert_int_eq(asked, 5);
	for (int i = 0; i < asked; i++)
		ck_assert_ptr_nonnull(
			strstr(heads[i], "Authorization: Bearer token-1\r\n"));
}
END_TEST

START_TEST(a_plugin_that_fails_answers_every_request_with_why)
{
	api_client(&api);
	ask(3);
	ck_assert_int_eq(asked, 0);
	ck_assert_int_eq(got.err.code, ERR_RETRY);
	ck_assert(got.not_executed);
	ck_assert_msg(strstr(got.err.msg, "GET /api/v1/x: credential plugin: ") &&
			      strstr(got.err.msg, "/plugin: exit code 4: no session"),
		      "%s", got.err.msg);
	ck_assert_int_eq(runs(), 1);
	/* It is not run for each request, but again after a while. */
	ask(1);
	ck_assert_int_eq(runs(), 1);
	plugin_gives("token-RUN", 0);
	while (got.err.code != ERR_NONE) {
		usleep(20000);
		ask(1);
	}
	ck_assert_int_eq(runs(), 2);
	ck_assert_ptr_nonnull(strstr(heads[0], "Bearer token-2\r\n"));
}
END_TEST

START_TEST(a_missing_plugin_is_told_with_how_to_get_it)
{
	unlink(script);
	api_client(&api);
	ask(1);
	ck_assert_msg(strstr(got.err.msg, "No such file or directory; install it"), "%s",
		      got.err.msg);
	write_file(script, plugin, 0700);
}
END_TEST

START_TEST(an_expired_token_is_replaced_before_and_never_used_after)
{
	plugin_gives("token-RUN", 5);
	api_client(&api);
	ask(1);
	/* Asked for again by itself when a fifth of its life is left. */
	while (runs() < 2) {
		usleep(10000);
		ask(1);
	}
	plugin_gives("fresh-RUN", 0);
	while (!asked || !strstr(heads[(asked - 1) % 16], "fresh-"))
		ask(1);
	ck_assert_int_eq(got.err.code, ERR_NONE);
}
END_TEST

START_TEST(a_refused_token_is_replaced_once)
{
	plugin_gives("token-RUN", 0);
	api_client(&api);
	refuse_old = true;
	ask(3);
	ck_assert_int_eq(got.status, 401);
	while (got.status != 200) {
		usleep(20000);
		ask(1);
	}
	ck_assert_int_eq(runs(), 2);
	ck_assert_ptr_nonnull(strstr(heads[(asked - 1) % 16], "Bearer token-2\r\n"));
}
END_TEST

START_TEST(one_that_gives_an_expired_token_has_failed)
{
	plugin_gives("token-RUN", -60);
	api_client(&api);
	ask(1);
	ck_assert_msg(strstr(got.err.msg, "its credential has expired already"), "%s",
		      got.err.msg);
}
END_TEST

START_TEST(one_that_fails_to_renew_leaves_the_old_token_until_its_end)
{
	plugin_gives("token-RUN", 10); /* asked for again two seconds before that */
	api_client(&api);
	ask(1);
	plugin_gives("", 0); /* from now on it gives neither token nor certificate */
	while (runs() < 2) {
		usleep(10000);
		ask(1);
		ck_assert_int_eq(got.status, 200);
		ck_assert_ptr_nonnull(strstr(heads[(asked - 1) % 16], "token-1\r\n"));
	}
	while (got.err.code == ERR_NONE) {
		usleep(10000);
		ask(1);
	}
	/* Nothing went out with what has ended, and nobody was told a secret. */
	int so_far = asked;
	ask(2);
	ck_assert_int_eq(asked, so_far);
	ck_assert(got.not_executed);
	ck_assert_ptr_nonnull(strstr(got.err.msg, "neither a token nor a client"));
	ck_assert_ptr_null(strstr(got.err.msg, "token-1"));
}
END_TEST

START_TEST(while_each_new_token_is_refused_it_is_not_run_all_the_time)
{
	plugin_gives("token-1", 0);
	api_client(&api);
	refuse_old = true;
	int64_t begin_ms = monotonic_ms();
	while (runs() < 3) {
		usleep(5000);
		ask(1);
		ck_assert_int_eq(got.status, 401);
	}
	/* Of at least one second, then of at least two. */
	ck_assert_int_ge(monotonic_ms() - begin_ms, 2900);
}
END_TEST

static void on_state(void *arg, const char *text, const struct err *err)
{
	(void)arg;
	(void)text;
	if (err)
		api_stop(&api);
}

START_TEST(a_watch_tells_that_the_plugin_fails_and_opens_nothing)
{
	api_client(&api);
	struct kube_watch_options options = {.path = "/api/v1/pods",
					     .on_state = on_state};
	options.on_object = NULL;
	struct kube_watch *w = kube_watch_new(api.kube, &options, NULL);
	ck_assert_ptr_nonnull(w);
	api_run(&api);
	ck_assert_int_eq(api.accepted, 0);
	kube_watch_free(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("login");
	TCase *t = tcase_create("login");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, requests_wait_for_the_first_token_and_share_it);
	tcase_add_test(t, a_plugin_that_fails_answers_every_request_with_why);
	tcase_add_test(t, a_missing_plugin_is_told_with_how_to_get_it);
	tcase_add_test(t, an_expired_token_is_replaced_before_and_never_used_after);
	tcase_add_test(t, a_refused_token_is_replaced_once);
	tcase_add_test(t, one_that_gives_an_expired_token_has_failed);
	tcase_add_test(t, one_that_fails_to_renew_leaves_the_old_token_until_its_end);
	tcase_add_test(t, while_each_new_token_is_refused_it_is_not_run_all_the_time);
	tcase_add_test(t, a_watch_tells_that_the_plugin_fails_and_opens_nothing);
	suite_add_tcase(s, t);
	return run_suite(s);
}
