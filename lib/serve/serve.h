/* Front header of serve: the process's own HTTP face and the server under it. */
#ifndef FORETOP_SERVE_SERVE_H
#define FORETOP_SERVE_SERVE_H

#include "serve/certificate.h"
#include "serve/face.h"
#include "serve/httpd.h"
#include "serve/metrics.h"
#include "serve/page.h"
#include "serve/process.h"

#endif
