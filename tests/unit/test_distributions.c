/* SPDX-License-Identifier: BSD-3-Clause */
#include "suite.h"

#include <float.h>
#include <math.h>
#include <spikekit/distributions.h>

/*
 * Made with mpmath 1.4.1 at 60 digits: the smaller tail as exp(k ln(mean) - mean -
 * lnGamma(k + 1)) times the sum of the ratios of successive terms, until one is below
 * 1e-45 of the sum; the larger as log1p(-smaller). The mean is the double nearest to the
 * decimal shown.
 */
static const struct {
    int64_t count;
    double mean, log_upper, log_lower;
} references[] = {
    {1, 1e-300, -690.77552789821370518, -0.0},
    {1, 1e-10, -23.025850929990456804, -4.999999999666667031e-21},
    {2, 1e-10, -46.744849040507525584, -1.6666666665416668488e-31},
    {1, 0.1, -2.3521684610440907561, -0.0046898201956751404607},
    {1, 1, -0.45867514538708189102, -0.30685281944005469058},
    {3, 0.5, -4.2413831354557687144, -0.0017531584408694348912},
    {5, 10, -0.029689079446520873781, -2.7017804539230561654},
    {10, 10, -0.61235960785375468761, -0.53949991280673848753},
    {10, 10.5, -0.50605800585728750951, -0.65250799619419174493},
    {11, 10, -0.87476438593077844275, -0.36129108723431024641},
    {50, 3, -96.486602651584224678, -7.3355416608716796353e-44},
    {150, 1, -606.0134615990515165, -4.2924147252569412715e-266},
    {170, 1, -707.56719732748235461, -2.9816706031536246981e-310},
    {200, 20, -283.98078490844263673, -4.6377677774274384045e-125},
    {100, 100, -0.6668971505852893696, -0.64138581852615169335},
    {101, 100, -0.74773473407623107253, -0.56911079214772095159},
    {100, 200, -1.8438936497115758513e-15, -33.224074384068046016},
    {1, 700, -9.8596765437597708567e-305, -693.44749211296540991},
    {500, 100, -408.52284439130423622, -7.5985356731497605711e-179},
    {900, 200, -657.73897834529625349, -4.940366674623662355e-287},
    {1000, 1000, -0.68477186329031014615, -0.67646831503620678044},
    {1300, 1000, -44.122053699481431544, -5.2805260268204591698e-20},
    {2200, 1000, -538.76783239777285111, -4.7132385392731453596e-235},
    {10000, 10000, -0.69049109440197235942, -0.68784211489984552174},
    {10500, 10000, -14.837275757874125903, -3.4217981872667384762e-7},
    {9500, 10000, -2.2561937487517531792e-7, -15.251256879032343272},
    {14000, 10000, -715.05152438946691883, -2.0456541939914957268e-311},
    {100000, 100000, -0.69230648981872485334, -0.69146650748381426146},
    {112000, 100000, -697.31192170065461755, -1.2942735554158517644e-303},
    {88000, 100000, -0.0, -755.15513919983524469},
    {1000000, 1000000, -0.69288125439969592555, -0.69261539900825458993},
    {1037000, 1000000, -680.72304921673127926, -2.23844044378931717e-296},
    {963000, 1000000, -1.0324604743662698962e-303, -697.61360955832879858},
    {1000001000, 1000000000, -0.71868933185239272868, -0.66821661687578476146},
};

/* On the log scale, to 1e-10 of the value: thousands of eps for Rmath's series and
 * continued fractions. A logarithm so near 0 that it is subnormal only has to be as
 * near. */
static int agrees(double found, double expected)
{
    if (fabs(expected) < 1e-300)
        return found <= 0 && found >= -1e-300;
    return fabs(found - expected) <= 1e-10 * fabs(expected);
}

static void tails_equal_the_references(void)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        int64_t count = references[i].count;
        double mean = references[i].mean;
        double upper = spk_poisson_log_upper(count, mean);
        double lower = spk_poisson_log_lower(count, mean);
        if (!agrees(upper, references[i].log_upper) ||
            !agrees(lower, references[i].log_lower))
            printf("  count %lld, mean %g: upper %.17g, lower %.17g\n", (long long)count,
                   mean, upper, lower);
        CU_ASSERT(agrees(upper, references[i].log_upper));
        CU_ASSERT(agrees(lower, references[i].log_lower));
    }
}

/* P(N >= 1) = 1 - exp(-mean), P(N <= 0) = exp(-mean). */
static void hand_worked(void)
{
    CU_ASSERT_EQUAL(spk_poisson_log_lower(0, 2.5), -2.5);
    CU_ASSERT_DOUBLE_EQUAL(spk_poisson_log_lower(1, 1.0), -1.0 + log(2.0),
                           4 * DBL_EPSILON);
    CU_ASSERT_DOUBLE_EQUAL(spk_poisson_log_upper(1, log(2.0)), -log(2.0),
                           4 * DBL_EPSILON);
}

/* The sum of the probabilities themselves. Each of n terms is right to about 3 n eps. */
static void equals_the_sum_of_terms(void)
{
    static const double means[] = {0.01, 0.7, 4.0, 9.9, 30.0, 77.7};
    for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
        double term = exp(-means[m]), sum = 0;
        for (int64_t k = 0; k <= (int64_t)means[m]; k++) {
            sum += term;
            term *= means[m] / (double)(k + 1);
            double bound = 4.0 * 100 * DBL_EPSILON;
            CU_ASSERT_DOUBLE_EQUAL(exp(spk_poisson_log_lower(k, means[m])), sum,
                                   bound * sum);
            CU_ASSERT_DOUBLE_EQUAL(exp(spk_poisson_log_upper(k + 1, means[m])), 1.0 - sum,
                                   bound);
        }
    }
}

/* The two tails make 1, and both move in one direction with the count. */
static void tails_are_complementary_and_monotone(void)
{
    for (double mean = 0.05; mean < 3e4; mean *= 2.7) {
        int64_t first = (int64_t)(mean - 6 * sqrt(mean)) - 2;
        int64_t step = 1 + (int64_t)(sqrt(mean) / 8);
        double last_upper = 0.0, last_lower = -INFINITY;
        for (int64_t k = first; k < mean + 6 * sqrt(mean) + 8; k += step) {
            double upper = spk_poisson_log_upper(k, mean);
            double lower = spk_poisson_log_lower(k - 1, mean);
            CU_ASSERT_DOUBLE_EQUAL(exp(upper) + exp(lower), 1.0, 1e-12);
            CU_ASSERT(upper <= last_upper);
            CU_ASSERT(lower >= last_lower);
            last_upper = upper;
            last_lower = lower;
        }
    }
}

static void ends_and_bad_arguments(void)
{
    const int64_t largest = (int64_t)1 << 53;
    CU_ASSERT_EQUAL(spk_poisson_log_upper(0, 3.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_upper(INT64_MIN, 3.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_lower(-1, 3.0), -INFINITY);
    CU_ASSERT_EQUAL(spk_poisson_log_lower(INT64_MIN, 3.0), -INFINITY);
    CU_ASSERT_EQUAL(spk_poisson_log_upper(0, 0.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_upper(1, 0.0), -INFINITY);
    CU_ASSERT_EQUAL(spk_poisson_log_lower(0, 0.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_lower(5, 0.0), 0.0);
    CU_ASSERT_EQUAL(spk_poisson_log_lower(largest, 1.0), 0.0);
    CU_ASSERT(spk_poisson_log_upper(largest, 1.0) < -1e17);
    CU_ASSERT(!isnan(spk_poisson_log_upper(3, DBL_MAX)));
    CU_ASSERT(spk_poisson_log_lower(3, 1e300) < -9e299);

    static const double bad[] = {-1.0, -DBL_MIN, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT(isnan(spk_poisson_log_upper(1, bad[i])));
        CU_ASSERT(isnan(spk_poisson_log_upper(-1, bad[i])));
        CU_ASSERT(isnan(spk_poisson_log_lower(1, bad[i])));
        CU_ASSERT(isnan(spk_poisson_log_lower(-1, bad[i])));
    }
    CU_ASSERT(isnan(spk_poisson_log_upper(largest + 1, 1.0)));
    CU_ASSERT(isnan(spk_poisson_log_lower(INT64_MAX, 1.0)));
}

/* scipy 1.17: beta.ppf(tail, count, n - count + 1), beta.isf(tail, count + 1, n - count). */
static const struct {
    int64_t count, n;
    double level, lower, upper;
} limits[] = {
    {0, 1, 0.95, 0, 0.975},
    {1, 1, 0.95, 0.025, 1},
    {3, 4, 0.95, 0.19412044968324346, 0.99369053679029018},
    {50, 100, 0.95, 0.39832112950330101, 0.60167887049669899},
    {999, 1000, 0.99, 0.99259371306164701, 0.99999498747073923},
    {1, 1000000, 0.95, 2.5317807663794201e-08, 5.5716306551669393e-06},
    {123456, 987654, 0.9, 0.12445217465927992, 0.1255479312982983},
    {999999997, 1000000000, 0.95, 0.99999999123272687, 0.99999999938132789},
};

static void binomial_limits(void)
{
    double lower = 0, upper = 0, mirrored_lower = 0, mirrored_upper = 0;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        spk_binomial_limits(limits[i].count, limits[i].n, limits[i].level, &lower,
                            &upper);
        CU_ASSERT_DOUBLE_EQUAL(lower, limits[i].lower, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(upper, limits[i].upper, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(lower, limits[i].lower, 1e-9 * limits[i].lower);
        spk_binomial_limits(limits[i].n - limits[i].count, limits[i].n, limits[i].level,
                            &mirrored_lower, &mirrored_upper);
        CU_ASSERT_DOUBLE_EQUAL(mirrored_lower, 1 - upper, 1e-15);
        CU_ASSERT_DOUBLE_EQUAL(mirrored_upper, 1 - lower, 1e-15);
    }
    /* From the definition: the tails at the limits, as sums of binomial terms. */
    for (int64_t n = 1; n < 30; n++)
        for (int64_t count = 0; count <= n; count++) {
            double above = 0, below = 0;
            spk_binomial_limits(count, n, 0.9, &lower, &upper);
            for (int64_t k = 0; k <= n; k++) {
                const double ways = exp(lgamma((double)n + 1) - lgamma((double)k + 1) -
                                        lgamma((double)(n - k) + 1));
                if (k >= count)
                    above +=
                        ways * pow(lower, (double)k) * pow(1 - lower, (double)(n - k));
                if (k <= count)
                    below +=
                        ways * pow(upper, (double)k) * pow(1 - upper, (double)(n - k));
            }
            CU_ASSERT_DOUBLE_EQUAL(above, count == 0 ? 1.0 : 0.05, 1e-12);
            CU_ASSERT_DOUBLE_EQUAL(below, count == n ? 1.0 : 0.05, 1e-12);
        }
    static const struct {
        int64_t count, n;
        double level;
    } bad[] = {{0, 0, 0.9}, {-1, 3, 0.9}, {4, 3, 0.9},
               {1, 3, 0.0}, {1, 3, 1.0},  {1, 3, NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        spk_binomial_limits(bad[i].count, bad[i].n, bad[i].level, &lower, &upper);
        CU_ASSERT(isnan(lower) && isnan(upper));
    }
}

static const suite_test tests[] = {
    {"binomial limits", binomial_limits},
    {"hand-worked", hand_worked},
    {"tails equal the references", tails_equal_the_references},
    {"equals the sum of terms", equals_the_sum_of_terms},
    {"tails are complementary and monotone", tails_are_complementary_and_monotone},
    {"ends and bad arguments", ends_and_bad_arguments},
};
SUITE_MAIN("distributions", tests)
