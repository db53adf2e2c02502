#include "serve/doorman.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGEST_BYTES 32
#define WORDS_MAX    64
#define TOKEN_MAX    16384
/* A right that is withdrawn ends within a minute; a new one is seen sooner. */
#define ALLOWED_MS 60000
#define REFUSED_MS 5000

struct known {
	unsigned char digest[DIGEST_BYTES]; /* SHA-256 of the token */
	int64_t until_ms;                   /* monotonic */
	int status;
};

struct doorman {
	struct kube *kube;
	struct known known[WORDS_MAX]; /* a ring: the oldest word goes first */
	int next, callers;
	char trouble[256]; /* why the API server could not be asked; said once */
};

struct doorman_caller {
	struct doorman *doorman;
	struct kube_review *review;
	unsigned char digest[DIGEST_BYTES];
	doorman_answer *answer;
	void *arg;
};

struct doorman *doorman_new(struct kube *kube)
{
	struct doorman *d = xcalloc(1, sizeof(*d));
	d->kube = kube;
	return d;
}

void doorman_free(struct doorman *d)
{
	free(d);
}

/* The token of "Bearer TOKEN"; NULL: there is none. */
static const char *token_of(const char *authorization)
{
	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	const char *token = authorization + 7 + strspn(authorization + 7, " ");
	return *token && strlen(token) <= TOKEN_MAX ? token : NULL;
}

static void digest_of(const char *token, unsigned char digest[DIGEST_BYTES])
{
	EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL);
}

static void say(struct doorman_word *word, int status, const char *why)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{200, ""},
		{401, "a bearer token of this cluster is needed"},
		{403, "the token's user may not see this page: it takes get on the "
		      "nonResourceURL " KUBE_REVIEW_PATH},
		{503, "the API server could not be asked about the token"},
	};
	word->status = status;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].status == status)
			snprintf(word->text, sizeof(word->text), "%s%s%.100s",
				 texts[i].text, *why ? ": " : "", why);
}

bool doorman_knows(struct doorman *d, const char *authorization, int64_t now_ms,
		   struct doorman_word *ret_word)
{
	unsigned char digest[DIGEST_BYTES];
	const char *token = token_of(authorization);
	if (!token) {
		say(ret_word, 401, "");
		return true;
	}
	digest_of(token, digest);
	for (int i = 0; i < WORDS_MAX; i++) {
		const struct known *k = &d->known[i];
		if (now_ms >= k->until_ms || memcmp(k->digest, digest, DIGEST_BYTES) != 0)
			continue;
		say(ret_word, k->status, "");
		return true;
	}
	if (d->callers < DOORMAN_CALLERS_MAX)
		return false;
	say(ret_word, 503, "others are being asked about");
	return true;
}

static int status_of(enum kube_review_verdict verdict)
{
	switch (verdict) {
	case KUBE_REVIEW_ALLOWED:
		return 200;
	case KUBE_REVIEW_UNKNOWN:
		return 401;
	case KUBE_REVIEW_FORBIDDEN:
		return 403;
	case KUBE_REVIEW_FAILED:
		return 503;
	}
	return 503;
}

static void keep(struct doorman *d, const struct doorman_caller *c, int status)
{
	struct known *k = &d->known[d->next];
	d->next = (d->next + 1) % WORDS_MAX;
	memcpy(k->digest, c->digest, DIGEST_BYTES);
	k->status = status;
	k->until_ms = monotonic_ms() + (status == 200 ? ALLOWED_MS : REFUSED_MS);
}

/* Strangers must not be able to fill the log. */
static void note_trouble(struct doorman *d, const char *why)
{
	if (*why && strcmp(d->trouble, why) != 0)
		log_error("Could not ask about a token for the page",
			  KV_TEXT("err", why));
	snprintf(d->trouble, sizeof(d->trouble), "%s", why);
}

static void on_review(void *arg, enum kube_review_verdict verdict, const char *user,
		      const struct err *err)
{
	struct doorman_caller *c = arg;
	struct doorman_word word;
	(void)user;
	int status = status_of(verdict);
	say(&word, status, status == 503 ? err->msg : "");
	note_trouble(c->doorman, status == 503 ? err->msg : "");
	if (status != 503)
		keep(c->doorman, c, status);
	c->doorman->callers--;
	c->answer(c->arg, &word);
	free(c);
}

struct doorman_caller *doorman_ask(struct doorman *d, const char *authorization,
				   doorman_answer *answer, void *arg)
{
	struct doorman_caller *c = xcalloc(1, sizeof(*c));
	const char *token = token_of(authorization);
	c->doorman = d;
	c->answer = answer;
	c->arg = arg;
	digest_of(token, c->digest);
	c->review = kube_review_start(d->kube, token, on_review, c);
	d->callers++;
	return c;
}

void doorman_forget(struct doorman_caller *c)
{
	kube_review_cancel(c->review);
	c->doorman->callers--;
	free(c);
}
