/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/durations.h"

#include <math.h>

static const double LARGEST = 9007199254740992.0; /* 2^53 */

static int64_t bounded(double samples)
{
    return (int64_t)fmin(samples, LARGEST);
}

int64_t spk__samples_in(double seconds, double rate_hz)
{
    return bounded(fmax(floor(seconds * rate_hz), 1.0));
}

int64_t spk__samples_near(double milliseconds, double rate_hz)
{
    return bounded(rint(milliseconds * rate_hz * 1e-3));
}

int64_t spk__lag_below(double seconds, double rate_hz)
{
    int64_t lag = bounded(ceil(seconds * rate_hz));
    while (lag >= 0 && !((double)lag / rate_hz < seconds))
        lag--;
    return lag;
}

int64_t spk__lag_at_most(double seconds, double rate_hz)
{
    int64_t lag = bounded(floor(seconds * rate_hz) + 1.0);
    while (lag >= 0 && !((double)lag / rate_hz <= seconds))
        lag--;
    return lag;
}
