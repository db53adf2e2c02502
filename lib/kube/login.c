#include "kube/login.h"

#include "http/http.h"

#include <stdlib.h>
#include <string.h>

/* Plugins ask a cloud's token service; the slow ones need seconds. */
#define RUN_MS     60000
#define OUTPUT_MAX ((size_t)1 << 20)
/* A new credential is asked for when a fifth of the old one's life is left, at most this
 * long before its end. */
#define EARLY_MS     60000
#define EARLY_SHARE  5
#define RETRY_MS     1000
#define RETRY_MAX_MS 60000

struct login {
	struct reactor *reactor;
	const struct kube_config *config;
	void (*on_change)(void *arg, const struct exec_credential *c);
	void *arg;
	struct child *child;
	struct timer renew;
	bool refused;        /* the one in force is, and is about to be replaced */
	bool have;           /* a credential is in force */
	int64_t got_ms;      /* monotonic: when it came */
	uint64_t generation; /* which one it is */
	int64_t expires_ms;  /* wall clock */
	bool failed;
	struct err failure;
	int64_t retry_at_ms; /* monotonic: not before, after a failure */
	struct backoff backoff, refusals;
	struct rng rng;
};

struct login *login_new(struct reactor *r, const struct kube_config *config,
			void (*on_change)(void *arg, const struct exec_credential *c),
			void *arg)
{
	struct login *l = xcalloc(1, sizeof(*l));
	l->reactor = r;
	l->config = config;
	l->on_change = on_change;
	l->arg = arg;
	rng_init(&l->rng, (uint64_t)monotonic_ms());
	backoff_init(&l->backoff, RETRY_MS, RETRY_MAX_MS, BACKOFF_RESET_MS);
	backoff_init(&l->refusals, RETRY_MS, RETRY_MAX_MS, BACKOFF_RESET_MS);
	return l;
}

void login_free(struct login *l)
{
	if (!l)
		return;
	timer_cancel(&l->renew);
	child_kill(l->child);
	free(l);
}

static bool in_force(const struct login *l)
{
	return l->have && wall_ms() < l->expires_ms;
}

/* --- the answer --- */

static void on_renew(void *arg);

static void schedule_renewal(struct login *l)
{
	timer_cancel(&l->renew);
	if (l->expires_ms == INT64_MAX)
		return;
	int64_t life = l->expires_ms - wall_ms();
	int64_t early = life / EARLY_SHARE < EARLY_MS ? life / EARLY_SHARE : EARLY_MS;
	timer_set(l->reactor, &l->renew, life - early, on_renew, l);
}

static int take(struct login *l, const struct child_result *result,
		struct exec_credential *ret_credential)
{
	const struct exec_plugin *p = &l->config->exec;
	l->failure = result->err;
	if (result->err.code == ERR_NONE &&
	    exec_credential_parse(result->output, result->len, p->api_version,
				  ret_credential, &l->failure) == 0) {
		if (ret_credential->expires_ms > wall_ms())
			return 0;
		exec_credential_fini(ret_credential);
		err_set(&l->failure, ERR_RETRY, "its credential has expired already");
	}
	if (result->err.code == ERR_NONE)
		err_wrap(&l->failure, "%s", p->command);
	return err_wrap(&l->failure, "credential plugin");
}

static void note_failure(struct login *l)
{
	int64_t now = monotonic_ms();
	int64_t wait = backoff_failed(&l->backoff, now, -1, &l->rng);
	l->failed = true;
	l->retry_at_ms = now + wait;
	if (l->have)
		timer_set(l->reactor, &l->renew, wait, on_renew, l);
}

static void on_answer(void *arg, const struct child_result *result)
{
	struct login *l = arg;
	struct exec_credential c = {0};
	l->child = NULL;
	if (take(l, result, &c) < 0) {
		note_failure(l);
		l->on_change(l->arg, NULL);
		return;
	}
	backoff_succeeded(&l->backoff);
	l->failed = l->refused = false;
	l->have = true;
	l->generation++;
	l->got_ms = monotonic_ms();
	l->expires_ms = c.expires_ms;
	schedule_renewal(l);
	l->on_change(l->arg, &c);
	exec_credential_fini(&c);
}

/* --- running it --- */

static char *told(const struct kube_config *c)
{
	char *ca AUTO_FREE = NULL;
	if (c->ca_file)
		file_read(c->ca_file, OUTPUT_MAX, &ca, NULL, NULL);
	struct exec_cluster cluster = {
		.server = c->server,
		.tls_server_name = c->tls_server_name,
		.ca_pem = c->ca_pem ? c->ca_pem : ca,
		.proxy_url = c->proxy_url,
		.insecure = c->insecure,
	};
	return exec_info(c->exec.api_version, c->exec.wants_cluster ? &cluster : NULL);
}

static void start(struct login *l)
{
	const struct exec_plugin *p = &l->config->exec;
	size_t args = texts_count(p->args), vars = texts_count(p->env);
	const char **argv AUTO_FREE = xcalloc(args + 2, sizeof(*argv));
	const char **env AUTO_FREE = xcalloc(vars + 2, sizeof(*env));
	char *info AUTO_FREE = told(l->config);
	char *variable AUTO_FREE = xasprintf("KUBERNETES_EXEC_INFO=%s", info);
	argv[0] = p->command;
	for (size_t i = 0; i < args; i++)
		argv[i + 1] = p->args[i];
	for (size_t i = 0; i < vars; i++)
		env[i] = p->env[i];
	env[vars] = variable;
	struct child_options options = {
		.argv = argv,
		.env = env,
		.timeout_ms = RUN_MS,
		.output_max = OUTPUT_MAX,
		.done = on_answer,
		.arg = l,
	};
	l->child = child_start(l->reactor, &options, &l->failure);
	if (l->child)
		return;
	err_wrap(&l->failure, "credential plugin");
	if (p->hint) {
		size_t used = strlen(l->failure.msg);
		snprintf(l->failure.msg + used, sizeof(l->failure.msg) - used, "; %s",
			 p->hint);
	}
	note_failure(l);
}

static void on_renew(void *arg)
{
	struct login *l = arg;
	if (!l->child)
		start(l);
}

enum login_state login_check(struct login *l, struct err *err)
{
	if (in_force(l))
		return LOGIN_READY;
	if (!l->child && (!l->failed || monotonic_ms() >= l->retry_at_ms))
		start(l);
	if (l->child)
		return LOGIN_WAITING;
	if (err)
		*err = l->failure;
	return LOGIN_FAILED;
}

uint64_t login_generation(const struct login *l)
{
	return l->generation;
}

void login_refused(struct login *l, uint64_t generation)
{
	if (l->child || l->refused || generation != l->generation)
		return;
	l->refused = true;
	int64_t now = monotonic_ms();
	int64_t wait = backoff_failed(&l->refusals, now, -1, &l->rng);
	int64_t left = l->got_ms + wait - now;
	timer_set(l->reactor, &l->renew, left > 0 ? left : 0, on_renew, l);
}
