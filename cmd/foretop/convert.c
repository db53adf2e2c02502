/* foretop convert: HorizontalPodAutoscalers and ScaledObjects as policies. */
#include "convert.h"

#include "cluster.h"
#include "cmd.h"
#include "manifest.h"
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX   65536
#define OUTPUT_MAX  (64u << 20)
#define INPUT_FILES 256

#define HPA          "HorizontalPodAutoscaler"
#define SCALEDOBJECT "ScaledObject"

static const char help[] =
	"usage: foretop convert -f FILE|FOLDER|-... [flags]\n"
	"       foretop convert [hpa/|scaledobject/][NS/]NAME... [flags]\n\n"
	"Prints policies that do what HorizontalPodAutoscalers (all versions) and "
	"KEDA's\n"
	"ScaledObjects do: as ConfigMaps, in mode Recommend, which writes nothing. What "
	"is "
	"not carried\nover is said on standard error and in comments; a query that only "
	"you can know is left blank,\nand `foretop validate` refuses it until it is "
	"filled in.\n\n"
	"  -f, --filename FILE         of YAML or JSON documents, a folder of them, or - "
	"for standard\n"
	"                              input; again for more\n"
	"  -o, --output FORMAT         yaml or json\n" CLUSTER_FLAGS_HELP "\n"
	"Nothing is saved by converting alone: it comes from raised targets "
	"(metrics[].forecast), which\nfind with `foretop simulate`.\n";

static const struct option options[] = {
	CLUSTER_OPTIONS,
	{"filename", required_argument, NULL, 'f'},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct convert {
	struct cluster_flags flags;
	struct cluster cluster;
	const char *files[INPUT_FILES];
	int file_count;
	bool json;
	struct manifest manifest;
	cJSON *maps; /* an array of ConfigMaps; owned */
	struct str out;
	int failed, blanks;
};

static int take(void *arg, int c, struct err *err)
{
	static const char *const outputs[] = {"yaml", "json"};
	struct convert *v = arg;
	int taken = cluster_flag(&v->flags, c, err), index;
	if (taken)
		return taken < 0 ? -1 : 0;
	if (c == 'o') {
		if (flag_word(optarg, outputs, ARRAY_LEN(outputs), &index, err) < 0)
			return -1;
		v->json = index == 1;
		return 0;
	}
	if (v->file_count == INPUT_FILES)
		return err_set(err, ERR_INVALID, "more than %d; give a folder",
			       INPUT_FILES);
	v->files[v->file_count++] = optarg;
	return 0;
}

/* --- one object --- */

static void note(struct conversion *c, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void note(struct conversion *c, const char *fmt, va_list ap)
{
	char line[1024];
	vsnprintf(line, sizeof(line), fmt, ap);
	for (char *p = line; *p; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	str_printf(&c->notes, "%s\n", line);
}

void conversion_note(struct conversion *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	note(c, fmt, ap);
	va_end(ap);
}

void conversion_blank(struct conversion *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	str_puts(&c->notes, "BLANK ");
	note(c, fmt, ap);
	va_end(ap);
	c->blanks++;
}

void conversion_fini(struct conversion *c)
{
	free(c->ns);
	free(c->name);
	cJSON_Delete(c->policy);
	str_fini(&c->notes);
	*c = (struct conversion){0};
}

void convert_copy(const cJSON *from, const char *key, cJSON *to)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(from, key);
	if (item && !cJSON_IsNull(item))
		cJSON_AddItemToObject(to, key, cJSON_Duplicate(item, true));
}

int convert_object(const cJSON *object, struct conversion *ret, struct err *err)
{
	const char *kind = json_str(object, "kind", "");
	bool keda = !strcmp(kind, SCALEDOBJECT);
	if (!keda && strcmp(kind, HPA))
		return err_set(err, ERR_INVALID,
			       "a %s is no " HPA " and no " SCALEDOBJECT,
			       *kind ? kind : "document without a kind");
	struct conversion c = {
		.ns = xstrdup(json_str(object, "metadata.namespace", "")),
		.name = xstrdup(json_str(object, "metadata.name", "")),
		.from = keda ? SCALEDOBJECT : HPA,
		.policy = cJSON_CreateObject(),
	};
	str_init(&c.notes, NOTES_MAX);
	int code = keda ? convert_scaledobject(object, &c, err)
			: convert_hpa(object, &c, err);
	if (code < 0) {
		conversion_fini(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

/* The text of policy.yaml: comments, then fields. The caller frees. */
static char *policy_of(const struct conversion *c)
{
	struct str text;
	char *notes AUTO_FREE = xstrdup(str_text(&c->notes)), *save = NULL;
	str_init(&text, OUTPUT_MAX);
	str_printf(&text, "# Converted from %s %s.\n", c->from, c->name);
	for (char *line = strtok_r(notes, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		str_printf(&text, "# %s\n", line);
	yaml_print(c->policy, &text);
	return str_take(&text);
}

static void add_map(struct convert *v, const struct conversion *c)
{
	char *text AUTO_FREE = policy_of(c);
	cJSON *map = cJSON_CreateObject();
	cJSON_AddStringToObject(map, "apiVersion", "v1");
	cJSON_AddStringToObject(map, "kind", "ConfigMap");
	cJSON *meta = cJSON_AddObjectToObject(map, "metadata");
	cJSON_AddStringToObject(meta, "name", c->name);
	if (*c->ns)
		cJSON_AddStringToObject(meta, "namespace", c->ns);
	cJSON_AddStringToObject(cJSON_AddObjectToObject(meta, "labels"),
				VIEW_POLICY_LABEL, "v1");
	cJSON_AddStringToObject(cJSON_AddObjectToObject(map, "data"), VIEW_POLICY_KEY,
				text);
	cJSON_AddItemToArray(v->maps, map);
}

static void tell_notes(const struct conversion *c)
{
	char *notes AUTO_FREE = xstrdup(str_text(&c->notes)), *save = NULL;
	for (char *line = strtok_r(notes, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(stderr, "%s %s: %s\n", c->from, c->name, line);
}

static void tell_failed(struct convert *v, const char *what, const char *why)
{
	fprintf(stderr, "foretop convert: %s: %s\n", what, why);
	v->failed++;
}

static void convert_one(struct convert *v, const cJSON *object, const char *where)
{
	struct conversion c;
	struct err err;
	char *what AUTO_FREE =
		xasprintf("%s: %s", where, json_str(object, "metadata.name", "?"));
	if (convert_object(object, &c, &err) < 0) {
		tell_failed(v, what, err.msg);
		return;
	}
	tell_notes(&c);
	v->blanks += c.blanks;
	add_map(v, &c);
	conversion_fini(&c);
}

/* --- where objects come from --- */

static void file_failed(void *arg, const char *text)
{
	struct convert *v = arg;
	fprintf(stderr, "foretop convert: %s\n", text);
	v->failed++;
}

/* Whatever else stands in the files is passed over. */
static void convert_files(struct convert *v)
{
	for (int i = 0; i < v->file_count; i++)
		manifest_add(&v->manifest, v->files[i], file_failed, v);
	for (size_t i = 0; i < v->manifest.count; i++) {
		const struct document *d = &v->manifest.items[i];
		const char *kind = yaml_str(d->node, "kind", "");
		if (strcmp(kind, HPA) && strcmp(kind, SCALEDOBJECT))
			continue;
		cJSON *object AUTO(json_cleanup) = yaml_to_json(d->node);
		convert_one(v, object, d->file);
	}
	if (!cJSON_GetArraySize(v->maps) && !v->failed)
		tell_failed(v, v->files[0],
			    "there is no " HPA " and no " SCALEDOBJECT " in it");
}

/* The words before a slash that name a kind, as kubectl knows them. 1: a ScaledObject,
 * 0: an HPA, -1: no kind. */
static int kind_of(const char *text, size_t *ret_used)
{
	static const struct {
		const char *word;
		int keda;
	} words[] = {
		{"hpa/", 0},
		{"horizontalpodautoscaler/", 0},
		{"horizontalpodautoscalers/", 0},
		{"horizontalpodautoscaler.autoscaling/", 0},
		{"so/", 1},
		{"scaledobject/", 1},
		{"scaledobjects/", 1},
		{"scaledobject.keda.sh/", 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		*ret_used = strlen(words[i].word);
		if (!strncmp(text, words[i].word, *ret_used))
			return words[i].keda;
	}
	*ret_used = 0;
	return -1;
}

static cJSON *read_live(struct convert *v, int keda, const char *ns, const char *name,
			long *ret_status, struct err *err)
{
	char *path AUTO_FREE =
		keda ? cluster_path("keda.sh/v1alpha1", "scaledobjects", ns, name)
		     : cluster_path(KUBE_HPA_GROUP_VERSION, KUBE_HPA_PLURAL, ns, name);
	return cluster_get(&v->cluster, path, ret_status, err);
}

/* Without a word for the kind: an HPA, or else a ScaledObject. */
static void convert_live(struct convert *v, const char *text)
{
	size_t used;
	long status;
	struct err err = {0};
	char *ns AUTO_FREE = NULL;
	int kind = kind_of(text, &used);
	const char *name = cluster_name(&v->cluster, &v->flags, text + used, &ns);
	cJSON *object AUTO(json_cleanup) =
		read_live(v, kind == 1, ns, name, &status, &err);
	if (!object && status == 404 && kind < 0)
		object = read_live(v, 1, ns, name, &status, &err);
	if (object)
		convert_one(v, object, text);
	else if (status == 404)
		tell_failed(v, text,
			    kind < 0 ? "there is no " HPA " and no " SCALEDOBJECT
				       " of this name in the namespace"
				     : "not found in the namespace");
	else
		tell_failed(v, text, err.msg);
}

/* --- the output --- */

static void print(struct convert *v)
{
	const cJSON *map;
	int count = cJSON_GetArraySize(v->maps);
	str_init(&v->out, OUTPUT_MAX);
	if (v->json && count) {
		cJSON *list AUTO(json_cleanup) = cJSON_CreateObject();
		cJSON_AddStringToObject(list, "apiVersion", "v1");
		cJSON_AddStringToObject(list, "kind", "List");
		cJSON_AddItemReferenceToObject(list, "items", v->maps);
		char *text = cJSON_Print(count == 1 ? v->maps->child : list);
		printf("%s\n", text);
		cJSON_free(text);
		return;
	}
	cJSON_ArrayForEach (map, v->maps) {
		if (map != v->maps->child)
			str_puts(&v->out, "---\n");
		yaml_print(map, &v->out);
	}
	fputs(str_text(&v->out), stdout);
}

static void convert_fini(struct convert *v)
{
	cluster_close(&v->cluster);
	manifest_fini(&v->manifest);
	cJSON_Delete(v->maps);
	str_fini(&v->out);
}

static int run(struct convert *v, char **names, int count)
{
	struct err err = {0};
	if (!count) {
		convert_files(v);
	} else if (cluster_open(&v->cluster, &v->flags, &err) < 0) {
		fprintf(stderr, "foretop convert: %s\n", err.msg);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++)
		convert_live(v, names[i]);
	print(v);
	if (v->blanks)
		fprintf(stderr,
			"%d blank%s to be filled in; foretop validate -f tells which are "
			"left\n",
			v->blanks, v->blanks > 1 ? "s" : "");
	return v->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_convert(int argc, char **argv)
{
	struct convert v AUTO(convert_fini) = {.maps = cJSON_CreateArray()};
	const struct flag_table table = {.help = help,
					 .letters = ":f:o:h" CLUSTER_LETTERS,
					 .options = options,
					 .take = take,
					 .arg = &v};
	int code = flags_read(&table, argc, argv);
	if (code >= 0)
		return code;
	if ((optind < argc) == (v.file_count > 0))
		return flags_wrong(argv[0],
				   optind < argc ? "either -f or names"
						 : "name an autoscaler ([NS/]NAME), or "
						   "give a file (-f)");
	for (int i = optind; i < argc; i++) {
		size_t used;
		kind_of(argv[i], &used);
		if (!cluster_name_check(argv[i] + used))
			return flags_wrong(argv[0], "\"%s\": " CLUSTER_NAME_ALLOWED,
					   argv[i]);
	}
	return run(&v, argv + optind, argc - optind);
}
