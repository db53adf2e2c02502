/* Who may see the page, where callers must show a bearer token: the API server's word on
 * a token, kept for a while. Tokens themselves are not kept. Private to serve. */
#ifndef FORETOP_SERVE_DOORMAN_H
#define FORETOP_SERVE_DOORMAN_H

#include "kube/kube.h"

struct doorman;

/* Borrows the client. */
struct doorman *doorman_new(struct kube *kube);
/* Callers that wait are not answered any more: forget them before. Accepts NULL. */
void doorman_free(struct doorman *d);

/* What is answered: 200 come in, 401 no token or nobody's, 403 somebody's who may not,
 * 503 it cannot be found out now. */
struct doorman_word {
	int status;
	char text[192]; /* a sentence, for other answers than 200 */
};

/* Answers now, when the word on this Authorization header is known, or there cannot be
 * one: true. False: ask. now_ms: monotonic. */
bool doorman_knows(struct doorman *d, const char *authorization, int64_t now_ms,
		   struct doorman_word *ret_word);

struct doorman_caller;
typedef void doorman_answer(void *arg, const struct doorman_word *word);
/* Asks the API server about a token of which nothing is known; `answer` is called later
 * from the loop, the caller is gone then. At most DOORMAN_CALLERS_MAX at a time:
 * doorman_knows answers 503 above that, so that strangers cannot keep the client busy. */
struct doorman_caller *doorman_ask(struct doorman *d, const char *authorization,
				   doorman_answer *answer, void *arg);
#define DOORMAN_CALLERS_MAX 4
/* The caller went away: `answer` is not called. */
void doorman_forget(struct doorman_caller *c);

#endif
