/* The controller's configuration: the YAML file of `foretop run --config`. Validated in
 * the same manner as a policy. Secrets stand in files or in this one, and in no message.
 */
#ifndef FORETOP_POLICY_CONFIG_H
#define FORETOP_POLICY_CONFIG_H

#include "base/base.h"

#define CONFIG_SOURCES_MAX 32
#define CONFIG_NAMES_MAX   256 /* of a list of namespaces */
#define CONFIG_PAIRS_MAX   32  /* headers or query parameters of a source */

/* A list of names, in the order of the text. */
struct config_names {
	char **names;
	int32_t count;
};

/* A header or a query parameter. */
struct config_pair {
	char *name, *value;
};

struct config_pairs {
	struct config_pair *pairs; /* in the order of the text */
	int32_t count;
};

enum source_method { SOURCE_POST_OR_GET, SOURCE_POST, SOURCE_GET };

/* One Prometheus-compatible HTTP API. Every text but name and url is NULL when it is not
 * given. */
struct config_source {
	char *name; /* policies ask for it by this name */
	char *url;  /* before "/api/v1": http or https, no user, query or fragment */
	char *bearer_token, *bearer_token_file; /* at most one of them */
	char *username,
		*password_file; /* both or none, and no bearer token beside them */
	char *ca_file;
	char *cert_file, *key_file; /* both or none */
	bool insecure_skip_verify;
	struct config_pairs headers;          /* sent with every request */
	struct config_pairs query_parameters; /* sent with every query */
	enum source_method method;  /* default: POST, GET where the server refuses that */
	int64_t timeout_ms;         /* default 10 s, in [100 ms, 5 min] */
	int64_t max_response_bytes; /* default 8 MiB, in [1 KiB, 1 GiB] */
	struct config_names namespaces; /* that may use it; empty: all */
};

/* `hpa`: kube-controller-manager's flags, with its defaults. */
struct config_hpa {
	double tolerance;                   /* fraction >= 0, default 0.1 */
	int64_t downscale_stabilization_ms; /* default 5 min, in [0, 1 h] */
	int64_t cpu_initialization_ms;      /* default 5 min, in [0, 1 h] */
	int64_t initial_readiness_delay_ms; /* default 30 s, in [0, 1 h] */
};

#define CONFIG_SHARDS_MAX 16

/* `leaderElection`: lease_duration > renew_deadline > 1.2 * retry_period, as client-go
 * asks (1.2 is its jitter). */
struct config_election {
	bool enabled;              /* default true */
	char *lease_name;          /* default "foretop" */
	char *lease_namespace;     /* default NULL: the process's own */
	int64_t lease_duration_ms; /* default 15 s, in [1 s, 1 h], whole seconds */
	int64_t renew_deadline_ms; /* default 10 s */
	int64_t retry_period_ms;   /* default 2 s */
	int32_t shards; /* that policies are split over, a Lease each; default 1, in [1,
			   CONFIG_SHARDS_MAX] */
};

/* `page`: the page and its JSON API, on a listener of their own. */
struct config_page {
	char *listen; /* "ADDRESS:PORT", ":PORT", or "" for none; default "127.0.0.1:8081"
		       */
	struct config_names hosts;  /* names in Host beside localhost and addresses */
	char *cert_file, *key_file; /* TLS; both or none */
	bool token_review;          /* bearer tokens, which the API server judges */
};

struct controller_config {
	struct config_source *sources;
	int32_t source_count;
	int64_t sync_period_ms; /* default 15 s, in [1 s, 1 h] */
	int32_t max_policies; /* default 10,000, in [1, 100,000]; more are turned away */
	struct config_hpa hpa;
	struct config_names serve;  /* empty: all namespaces but those refused */
	struct config_names refuse; /* kube-system too, unless `serve` names it */
	struct config_election election;
	char *status_namespace; /* of the status objects; NULL: the process's own */
	char *listen; /* "ADDRESS:PORT", ":PORT", or "" for none; default ":8080" */
	struct config_page page;
};

/* What an empty file means. The caller owns the content (config_free). */
void config_defaults(struct controller_config *ret_config);

/* Parses and validates a file's text (YAML or JSON). The first problem is returned in
 * *err (ERR_INVALID), in the form "line 7: sources[0].url: what is wrong: what is
 * allowed"; no secret stands in it. *ret_config is overwritten, not freed, on success;
 * the caller owns its content (config_free). */
int config_parse(const char *text, size_t len, struct controller_config *ret_config,
		 struct err *err);
/* Every problem of the text, one to a line, appended to *ret_lines. Returns how many
 * there are. */
int config_check(const char *text, size_t len, struct str *ret_lines);
/* Frees the content, with secrets overwritten, and leaves it zeroed; accepts NULL and
 * zeroed. */
void config_free(struct controller_config *c);

/* Sets the URL of the source "default", which is added when there is none
 * (`--prometheus-url`). 0, or -1 with *err = ERR_INVALID when it is no such URL or there
 * are too many sources. */
int config_set_url(struct controller_config *c, const char *url, struct err *err);
/* Sets the address of the page (`--page`). 0, or -1 with *err = ERR_INVALID when it is no
 * such address, or one that asks for more (config_page_check). */
int config_set_page(struct controller_config *c, const char *listen, struct err *err);
/* May the page be served like this? On another address than a loopback one only with TLS
 * and tokens: 0, or -1 with *err = ERR_INVALID. */
int config_page_check(const struct config_page *page, struct err *err);
/* The source of that name, or NULL. Borrowed. */
const struct config_source *config_find_source(const struct controller_config *c,
					       const char *name);
/* May policies of this namespace use the source? */
bool config_source_allows(const struct config_source *source, const char *ns);
/* Are policies of this namespace served? */
bool config_serves(const struct controller_config *c, const char *ns);

#endif
