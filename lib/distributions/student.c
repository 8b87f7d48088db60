/* SPDX-License-Identifier: BSD-3-Clause */
#include "distributions/student.h"

#include <math.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

double spk__student_quantile(double probability, double dof)
{
    if (!(probability > 0.0 && probability < 1.0) || !(dof > 0.0) || isinf(dof))
        return NAN;
    return qt(probability, dof, 1, 0);
}

double spk__student_upper(double x, double dof)
{
    return isnan(x) || !(dof > 0.0) ? NAN : pt(x, dof, 0, 0);
}
