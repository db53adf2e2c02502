/* Front header of io: the outside world's primitives. Clock, log, timers and sockets of
 * the one loop. */
#ifndef FORETOP_IO_IO_H
#define FORETOP_IO_IO_H

#include "io/child.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"
#include "io/reactor.h"
#include "io/schedule.h"
#include "io/timezone.h"

#endif
