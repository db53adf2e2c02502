#include "sim/replay.h"

#include <stdio.h>
#include <string.h>

#define POLICY_KEY   "policy.yaml"
#define POLICY_LABEL "foretop.io/policy"
#define NAMESPACE    "default"

/* A text as policy_parse wants it, and whose it is. */
struct source {
	char *text; /* owned */
	const char *ns, *name;
};

/* The block under `policy.yaml` with as many empty lines before it as stand before it in
 * the file, so that problems name the file's lines. */
static char *with_lines(const struct yaml_node *block)
{
	int lines = block->line;
	size_t len = strlen(block->text);
	char *text = xmalloc((size_t)lines + len + 1);
	memset(text, '\n', (size_t)lines);
	memcpy(text + lines, block->text, len + 1);
	return text;
}

static int open_configmap(const struct yaml_node *root, struct source *ret,
			  struct str *ret_notes, struct err *err)
{
	const struct yaml_node *meta = yaml_get(root, "metadata");
	const struct yaml_node *block = yaml_get(yaml_get(root, "data"), POLICY_KEY);
	const char *label = yaml_str(yaml_get(meta, "labels"), POLICY_LABEL, "");
	if (!block || !block->text)
		return err_set(err, ERR_INVALID,
			       "line %d: data has no key \"" POLICY_KEY "\"", root->line);
	if (strcmp(label, "v1") != 0)
		str_puts(ret_notes, "the ConfigMap has no label " POLICY_LABEL
				    ": \"v1\": foretop run would not see it\n");
	ret->text = with_lines(block);
	ret->ns = yaml_str(meta, "namespace", NAMESPACE);
	ret->name = yaml_str(meta, "name", NULL);
	return 0;
}

/* The first metric whose demand the pods share; -1: there is none. */
static int32_t find_demand(const struct policy *p)
{
	for (int32_t i = 0; i < p->metric_count; i++) {
		const struct policy_metric *m = &p->metrics[i];
		bool memory = m->type <= METRIC_CONTAINER_RESOURCE &&
			      strcmp(m->name, "memory") == 0;
		if (!memory && m->target.type != TARGET_VALUE)
			return i;
	}
	return -1;
}

static void rehearse(struct policy *p, int32_t metric, struct str *ret_notes)
{
	for (int32_t i = 0; i < p->metric_count; i++)
		if (i != metric)
			str_printf(ret_notes,
				   "metrics[%d] (%s) is left out: the trace is "
				   "metrics[%d] (%s)\n",
				   i, p->metrics[i].name, metric,
				   p->metrics[metric].name);
	policy_keep_metric(p, metric);
	for (int32_t i = 0; i < p->guard_count; i++)
		str_printf(ret_notes, "guards[%d] (%s) stays silent: it has no data\n", i,
			   p->guards[i].name);
	if (p->pause)
		str_puts(ret_notes, "pause is taken as false\n");
	if (p->mode != MODE_SCALE)
		str_printf(ret_notes, "mode %s is taken as Scale\n",
			   policy_mode_name(p->mode));
	p->pause = false;
	p->mode = MODE_SCALE;
}

static struct policy *parse(const char *text, size_t len, struct str *ret_notes,
			    struct err *err)
{
	struct yaml_node *root AUTO(yaml_node_cleanup) = NULL;
	struct source source = {.ns = NAMESPACE};
	if (yaml_parse(text, len, &root, err) < 0)
		return NULL;
	bool wrapped = strcmp(yaml_str(root, "kind", ""), "ConfigMap") == 0;
	if (wrapped && open_configmap(root, &source, ret_notes, err) < 0)
		return NULL;
	char *inner AUTO_FREE = wrapped ? source.text : xstrndup(text, len);
	const char *target = yaml_str(yaml_get(root, "scaleTargetRef"), "name", "policy");
	return policy_parse(source.ns, source.name ? source.name : target, inner,
			    strlen(inner), err);
}

struct policy *replay_policy_whole(const char *text, size_t len, struct err *err)
{
	struct str notes AUTO(str_fini);
	str_init(&notes, 4096);
	return parse(text, len, &notes, err);
}

struct policy *replay_policy(const char *text, size_t len, struct str *ret_notes,
			     struct err *err)
{
	struct policy *p = parse(text, len, ret_notes, err);
	if (!p)
		return NULL;
	int32_t metric = find_demand(p);
	if (metric < 0) {
		policy_free(p);
		err_set(err, ERR_INVALID,
			"metrics: none has a demand that pods share, so none can be "
			"replayed from a trace (not memory, not a target of type Value)");
		return NULL;
	}
	rehearse(p, metric, ret_notes);
	return p;
}
