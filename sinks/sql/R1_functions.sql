-- Scores and their intervals, equal to `streams/scores` to 1e-9 (tests/scores compares them).
--
-- k, n, top, bottom, total and squares are integer totals of slices. Scores of boxes and their bounds
-- are in percent or points, those of a mean in the unit of its scale, those of durations in seconds.
-- NULL, never 0, without answers. docs/statistics.md says why each interval is the one it is, and where
-- its formula comes from.
--
-- A function is a macro: its arguments are written out wherever its body names them. Where a body needs
-- a long argument more than once, arrayMap(name -> ..., [argument])[1] computes it once.
--
-- These functions belong to the server, not to a database. A view keeps the body a function had when
-- the view was created: after a change here, create the views again.

-- empty: no answers, suppressed: too few to show, thin: too few to lean on, ok: enough.
CREATE OR REPLACE FUNCTION earshot_status AS (n, n_privacy, n_stat) ->
    multiIf(n >= greatest(n_privacy, n_stat), 'ok', n >= n_privacy, 'thin', n > 0, 'suppressed', 'empty');

-- How the interval of a kind of score is computed.
CREATE OR REPLACE FUNCTION earshot_method AS (kind) ->
    transform(
        kind,
        ['net', 'share', 'mean', 'quantile', 'count'],
        ['adjusted_wald', 'wilson', 'student_t', 'order_statistics', 'exact'],
        '');

-- NPS, CES net index: -100 to 100 points.
CREATE OR REPLACE FUNCTION earshot_net AS (top, bottom, n) ->
    if(n > 0, 100 * (toInt64(top) - toInt64(bottom)) / n, NULL);

-- CSAT top box, CES share: 0 to 100 %.
CREATE OR REPLACE FUNCTION earshot_share AS (k, n) ->
    if(n > 0, 100 * k / n, NULL);

-- CSAT mean, CES mean: in the unit of the scale.
CREATE OR REPLACE FUNCTION earshot_mean AS (n, total) ->
    if(n > 0, total / n, NULL);

-- z with P(-z <= Z <= z) = confidence, for a confidence that is not NULL. ClickHouse has no inverse normal
-- of its own, but the interval of its z test needs one: for 1 of 2 against 1 of 2 the difference is 0 and
-- its standard error 1/2. https://github.com/ClickHouse/ClickHouse/blob/master/src/Functions/ztest.cpp
CREATE OR REPLACE FUNCTION earshot_z_solve AS (confidence) ->
    2 * tupleElement(proportionsZTest(1, 1, 2, 2, confidence, 'unpooled'), 4);

-- The same for any confidence: NULL unless it is more than 0.5.
CREATE OR REPLACE FUNCTION earshot_z AS (confidence) ->
    if(confidence > 0.5, earshot_z_solve(assumeNotNull(confidence)), NULL);

-- Wilson interval of a share. The two ends are exact, so that rounding never excludes the share.
-- https://rdrr.io/cran/cicalc/man/ci_prop_wilson.html
CREATE OR REPLACE FUNCTION earshot_wilson_centre AS (k, n, z) ->
    k / n + z * z / (2 * n);

CREATE OR REPLACE FUNCTION earshot_wilson_margin AS (k, n, z) ->
    z * sqrt(k / n * (1 - k / n) / n + pow(z / n, 2) / 4);

CREATE OR REPLACE FUNCTION earshot_wilson_lower AS (k, n, z) ->
    if(
        n > 0,
        if(
            k = 0,
            0.0,
            100 * (earshot_wilson_centre(k, n, z) - earshot_wilson_margin(k, n, z)) / (1 + z * z / n)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_wilson_upper AS (k, n, z) ->
    if(
        n > 0,
        if(
            k = n,
            100.0,
            100 * (earshot_wilson_centre(k, n, z) + earshot_wilson_margin(k, n, z)) / (1 + z * z / n)),
        NULL);

-- Adjusted-Wald interval of a net score: 3/4 of an answer more in each box, 3 more in all.
-- https://measuringu.com/nps-three-confidence-intervals/
CREATE OR REPLACE FUNCTION earshot_adjusted_wald_centre AS (top, bottom, n) ->
    100 * (toInt64(top) - toInt64(bottom)) / (n + 3);

CREATE OR REPLACE FUNCTION earshot_adjusted_wald_margin AS (top, bottom, n, z) ->
    100 * z * sqrt(
        ((top + bottom + 1.5) / (n + 3) - pow((toInt64(top) - toInt64(bottom)) / (n + 3), 2)) / (n + 3));

CREATE OR REPLACE FUNCTION earshot_adjusted_wald_lower AS (top, bottom, n, z) ->
    if(
        n > 0,
        greatest(
            -100.0,
            earshot_adjusted_wald_centre(top, bottom, n) - earshot_adjusted_wald_margin(top, bottom, n, z)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_adjusted_wald_upper AS (top, bottom, n, z) ->
    if(
        n > 0,
        least(
            100.0,
            earshot_adjusted_wald_centre(top, bottom, n) + earshot_adjusted_wald_margin(top, bottom, n, z)),
        NULL);

-- gamma(a + 1/2) / gamma(a): for large a by the difference of two Stirling series, because the two
-- logarithms would cancel. https://dlmf.nist.gov/5.11
CREATE OR REPLACE FUNCTION earshot_gamma_ratio AS (a) ->
    if(
        a < 16,
        exp(lgamma(a + 0.5) - lgamma(a)),
        sqrt(a) * exp(
            -1 / (8 * a) + 1 / (192 * pow(a, 3)) - 1 / (640 * pow(a, 5))
            + 17 / (14336 * pow(a, 7)) - 31 / (18432 * pow(a, 9))));

-- cos(theta)^(df - 1), without cancellation at either end of theta.
CREATE OR REPLACE FUNCTION earshot_t_shape AS (theta, df) ->
    exp((1 - df) / 2 * log1p(pow(tan(theta), 2)));

-- The integral of the shape over 0..theta, by Gauss-Legendre quadrature with the nodes and weights of
-- order 20; `python -m tests.scores.legendre_table` writes them. https://dlmf.nist.gov/3.5
CREATE OR REPLACE FUNCTION earshot_t_area AS (theta, df) ->
    theta / 2 * arraySum(
        (node, weight) -> weight * earshot_t_shape(theta * (1 + node) / 2, df),
        [
            -0.9931285991850949, -0.9639719272779138, -0.912234428251326, -0.8391169718222188,
            -0.7463319064601508, -0.636053680726515, -0.5108670019508271, -0.37370608871541955,
            -0.22778585114164507, -0.07652652113349734, 0.07652652113349734, 0.22778585114164507,
            0.37370608871541955, 0.5108670019508271, 0.636053680726515, 0.7463319064601508,
            0.8391169718222188, 0.912234428251326, 0.9639719272779138, 0.9931285991850949
        ],
        [
            0.017614007139152118, 0.04060142980038694, 0.06267204833410907, 0.08327674157670475,
            0.10193011981724044, 0.11819453196151841, 0.13168863844917664, 0.14209610931838204,
            0.14917298647260374, 0.15275338713072584, 0.15275338713072584, 0.14917298647260374,
            0.14209610931838204, 0.13168863844917664, 0.11819453196151841, 0.10193011981724044,
            0.08327674157670475, 0.06267204833410907, 0.04060142980038694, 0.017614007139152118
        ]);

-- A first theta, good to a digit or more (Wallace 1959, Ann. Math. Stat. 30:1121).
CREATE OR REPLACE FUNCTION earshot_t_start AS (df, confidence) ->
    atan(sqrt(exp(pow(earshot_z_solve(confidence) * (8 * df + 3) / (8 * df + 1), 2) / df) - 1));

-- t with P(-t <= T <= t) = confidence, for a df that is not NULL. With theta = atan(t / sqrt(df)) the
-- probability is 2 / sqrt(pi) * gamma_ratio(df / 2) * area(theta). Four steps of Halley's method solve it
-- for theta: the fold goes over four copies of the area that is wanted. https://dlmf.nist.gov/8.17
CREATE OR REPLACE FUNCTION earshot_t_solve AS (df, confidence) ->
    sqrt(df) * tan(
        arrayFold(
            (theta, goal) -> theta - 1 / (
                earshot_t_shape(theta, df) / (earshot_t_area(theta, df) - goal) + (df - 1) / 2 * tan(theta)),
            arrayWithConstant(4, confidence * sqrt(pi()) / 2 / earshot_gamma_ratio(df / 2)),
            earshot_t_start(df, confidence)));

-- The same for any df and confidence: NULL unless they are at least 1 and more than 0.5.
CREATE OR REPLACE FUNCTION earshot_t AS (df, confidence) ->
    if(df >= 1 AND confidence > 0.5, earshot_t_solve(assumeNotNull(df), assumeNotNull(confidence)), NULL);

-- t interval of a mean, clamped to the scale. One answer has no spread, so no interval. The variance is a
-- quotient of integers of 256 bits: exact however many answers there are.
-- http://goldbook.iupac.org/C01247.html
CREATE OR REPLACE FUNCTION earshot_student_t_margin AS (n, total, squares, confidence) ->
    earshot_t(n - 1, confidence) * sqrt(
        toFloat64(toInt256(n) * toInt256(squares) - toInt256(total) * toInt256(total))
        / (toFloat64(n) * n * (n - 1)));

CREATE OR REPLACE FUNCTION earshot_student_t_lower AS (n, total, squares, lowest, confidence) ->
    if(
        n > 1,
        greatest(
            toFloat64(lowest), total / n - earshot_student_t_margin(n, total, squares, confidence)),
        NULL);

CREATE OR REPLACE FUNCTION earshot_student_t_upper AS (n, total, squares, highest, confidence) ->
    if(
        n > 1,
        least(
            toFloat64(highest), total / n + earshot_student_t_margin(n, total, squares, confidence)),
        NULL);

-- The largest whole ms of a bucket of durations; 0 of what is no bucket. Powers in floating point are a few
-- ms off, so the edges are written down; `python -m tests.scores.edge_table` writes them.
CREATE OR REPLACE FUNCTION earshot_duration_edge AS (bucket) ->
    transform(
        toUInt64(bucket),
        range(1476),
        [
            0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
            3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6,
            7, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 11, 11, 12, 12,
            12, 12, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18, 19, 19, 20,
            20, 20, 21, 21, 22, 22, 23, 23, 24, 24, 25, 25, 26, 26, 27, 27, 28, 28, 29, 29, 30, 31, 31, 32,
            33, 33, 34, 35, 35, 36, 37, 38, 38, 39, 40, 41, 42, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
            53, 54, 55, 56, 57, 59, 60, 61, 62, 64, 65, 66, 68, 69, 70, 72, 73, 75, 76, 78, 79, 81, 83, 84,
            86, 88, 90, 91, 93, 95, 97, 99, 101, 103, 105, 107, 109, 112, 114, 116, 119, 121, 123, 126, 129,
            131, 134, 137, 139, 142, 145, 148, 151, 154, 157, 160, 164, 167, 170, 174, 177, 181, 184, 188,
            192, 196, 200, 204, 208, 212, 217, 221, 225, 230, 235, 239, 244, 249, 254, 259, 265, 270, 275,
            281, 287, 293, 298, 304, 311, 317, 323, 330, 337, 343, 350, 357, 365, 372, 380, 387, 395, 403,
            411, 419, 428, 437, 445, 454, 464, 473, 483, 492, 502, 512, 523, 533, 544, 555, 566, 578, 590,
            601, 614, 626, 639, 652, 665, 678, 692, 706, 720, 735, 750, 765, 780, 796, 812, 829, 845, 862,
            880, 898, 916, 934, 953, 972, 992, 1012, 1033, 1053, 1075, 1096, 1119, 1141, 1164, 1188, 1212,
            1236, 1261, 1287, 1313, 1339, 1366, 1394, 1422, 1451, 1480, 1510, 1541, 1572, 1603, 1636, 1669,
            1703, 1737, 1772, 1808, 1845, 1882, 1920, 1959, 1998, 2039, 2080, 2122, 2165, 2208, 2253, 2299,
            2345, 2392, 2441, 2490, 2540, 2592, 2644, 2697, 2752, 2808, 2864, 2922, 2981, 3041, 3103, 3166,
            3230, 3295, 3361, 3429, 3499, 3569, 3641, 3715, 3790, 3867, 3945, 4024, 4106, 4189, 4273, 4360,
            4448, 4538, 4629, 4723, 4818, 4916, 5015, 5116, 5220, 5325, 5433, 5542, 5654, 5769, 5885, 6004,
            6125, 6249, 6375, 6504, 6636, 6770, 6907, 7046, 7188, 7334, 7482, 7633, 7787, 7945, 8105, 8269,
            8436, 8606, 8780, 8958, 9138, 9323, 9511, 9704, 9900, 10100, 10304, 10512, 10724, 10941, 11162,
            11387, 11618, 11852, 12092, 12336, 12585, 12839, 13099, 13363, 13633, 13909, 14190, 14477, 14769,
            15067, 15372, 15682, 15999, 16322, 16652, 16989, 17332, 17682, 18039, 18404, 18775, 19155, 19542,
            19936, 20339, 20750, 21169, 21597, 22033, 22478, 22933, 23396, 23869, 24351, 24843, 25345, 25857,
            26379, 26912, 27456, 28010, 28576, 29153, 29742, 30343, 30956, 31582, 32220, 32871, 33535, 34212,
            34903, 35608, 36328, 37062, 37810, 38574, 39353, 40149, 40960, 41787, 42631, 43493, 44371, 45268,
            46182, 47115, 48067, 49038, 50029, 51039, 52070, 53122, 54196, 55290, 56407, 57547, 58710, 59896,
            61106, 62340, 63599, 64884, 66195, 67532, 68897, 70289, 71709, 73157, 74635, 76143, 77681, 79251,
            80852, 82485, 84151, 85851, 87586, 89355, 91160, 93002, 94881, 96798, 98753, 100748, 102783,
            104860, 106978, 109139, 111344, 113594, 115889, 118230, 120618, 123055, 125541, 128077, 130665,
            133304, 135997, 138745, 141548, 144407, 147325, 150301, 153337, 156435, 159595, 162819, 166109,
            169464, 172888, 176381, 179944, 183579, 187288, 191071, 194931, 198870, 202887, 206986, 211167,
            215433, 219786, 224226, 228756, 233377, 238092, 242902, 247809, 252815, 257922, 263133, 268449,
            273872, 279405, 285049, 290808, 296683, 302676, 308791, 315029, 321393, 327886, 334510, 341268,
            348162, 355196, 362372, 369692, 377161, 384780, 392553, 400484, 408574, 416829, 425249, 433840,
            442605, 451546, 460668, 469975, 479469, 489155, 499037, 509119, 519404, 529897, 540602, 551524,
            562665, 574032, 585629, 597460, 609530, 621844, 634406, 647222, 660298, 673637, 687246, 701130,
            715294, 729744, 744487, 759527, 774871, 790525, 806495, 822788, 839410, 856367, 873668, 891318,
            909324, 927694, 946436, 965555, 985062, 1004962, 1025264, 1045977, 1067107, 1088665, 1110658,
            1133096, 1155987, 1179340, 1203165, 1227472, 1252269, 1277567, 1303377, 1329708, 1356570, 1383976,
            1411935, 1440459, 1469559, 1499247, 1529535, 1560435, 1591959, 1624120, 1656930, 1690403, 1724553,
            1759392, 1794936, 1831197, 1868191, 1905932, 1944436, 1983717, 2023792, 2064677, 2106388, 2148941,
            2192354, 2236644, 2281829, 2327926, 2374955, 2422934, 2471882, 2521819, 2572765, 2624740, 2677765,
            2731862, 2787051, 2843355, 2900796, 2959398, 3019184, 3080178, 3142404, 3205886, 3270652, 3336726,
            3404134, 3472905, 3543064, 3614641, 3687665, 3762163, 3838166, 3915705, 3994810, 4075513, 4157847,
            4241844, 4327538, 4414963, 4504154, 4595147, 4687978, 4782685, 4879305, 4977876, 5078440, 5181034,
            5285702, 5392484, 5501423, 5612562, 5725948, 5841623, 5959636, 6080033, 6202862, 6328172, 6456014,
            6586438, 6719498, 6855245, 6993735, 7135022, 7279164, 7426218, 7576243, 7729298, 7885446, 8044748,
            8207268, 8373071, 8542224, 8714794, 8890851, 9070464, 9253706, 9440649, 9631369, 9825943,
            10024446, 10226961, 10433566, 10644345, 10859382, 11078764, 11302577, 11530912, 11763860,
            12001513, 12243968, 12491321, 12743671, 13001119, 13263768, 13531723, 13805091, 14083982,
            14368507, 14658780, 14954916, 15257036, 15565259, 15879709, 16200511, 16527794, 16861689,
            17202329, 17549851, 17904393, 18266098, 18635110, 19011577, 19395649, 19787481, 20187228,
            20595051, 21011112, 21435579, 21868621, 22310412, 22761127, 23220948, 23690058, 24168645,
            24656900, 25155019, 25663202, 26181650, 26710572, 27250180, 27800689, 28362319, 28935295,
            29519846, 30116207, 30724615, 31345314, 31978553, 32624584, 33283667, 33956064, 34642045,
            35341885, 36055862, 36784263, 37527380, 38285509, 39058953, 39848023, 40653034, 41474307,
            42312172, 43166963, 44039023, 44928700, 45836351, 46762338, 47707032, 48670810, 49654059,
            50657171, 51680548, 52724600, 53789743, 54876405, 55985019, 57116029, 58269889, 59447058,
            60648009, 61873221, 63123185, 64398401, 65699379, 67026639, 68380713, 69762141, 71171477,
            72609285, 74076139, 75572627, 77099347, 78656909, 80245938, 81867068, 83520948, 85208240,
            86929618, 88685772, 90477404, 92305230, 94169982, 96072406, 98013263, 99993329, 102013396,
            104074273, 106176784, 108321769, 110510088, 112742615, 115020243, 117343885, 119714468, 122132942,
            124600274, 127117452, 129685481, 132305390, 134978226, 137705059, 140486979, 143325100, 146220557,
            149174507, 152188134, 155262641, 158399260, 161599245, 164863877, 168194460, 171592328, 175058840,
            178595382, 182203369, 185884246, 189639483, 193470583, 197379080, 201366536, 205434547, 209584740,
            213818775, 218138346, 222545182, 227041044, 231627732, 236307080, 241080960, 245951283, 250919996,
            255989086, 261160583, 266436554, 271819111, 277310406, 282912637, 288628044, 294458913, 300407578,
            306476418, 312667861, 318984383, 325428512, 332002826, 338709953, 345552579, 352533439, 359655327,
            366921091, 374333638, 381895934, 389611003, 397481933, 405511871, 413704030, 422061687, 430588186,
            439286937, 448161420, 457215186, 466451857, 475875127, 485488766, 495296619, 505302612, 515510745,
            525925104, 536549853, 547389244, 558447613, 569729383, 581239068, 592981271, 604960691, 617182119,
            629650444, 642370655, 655347840, 668587191, 682094003, 695873679, 709931734, 724273789, 738905582,
            753832968, 769061917, 784598521, 800448996, 816619683, 833117051, 849947698, 867118359, 884635901,
            902507334, 920739805, 939340609, 958317187, 977677130, 997428183, 1017578248, 1038135384,
            1059107816, 1080503934, 1102332296, 1124601635, 1147320860, 1170499059, 1194145505, 1218269657,
            1242881165, 1267989875, 1293605832, 1319739284, 1346400683, 1373600697, 1401350206, 1429660311,
            1458542338, 1488007840, 1518068604, 1548736657, 1580024266, 1611943948, 1644508472, 1677730866,
            1711624419, 1746202690, 1781479512, 1817468997, 1854185542, 1891643836, 1929858863, 1968845911,
            2008620576, 2049198769, 2090596724, 2132831001, 2175918496, 2219876446, 2264722434, 2310474403,
            2357150653, 2404769859, 2453351068, 2502913716, 2553477629, 2605063036, 2657690572, 2711381290,
            2766156670, 2822038623, 2879049504, 2937212121, 2996549739, 3057086098, 3118845413, 3181852391,
            3246132237, 3311710666, 3378613912, 3446868738, 3516502450, 3587542904, 3660018518, 3733958286,
            3809391787, 3886349197, 3964861302, 4044959510, 4126675863, 4210043053, 4295094427, 4381864012,
            4470386517, 4560697356, 4652832656, 4746829275, 4842724816, 4940557641, 5040366886, 5142192480,
            5246075156, 5352056472, 5460178825, 5570485468, 5683020528, 5797829024, 5914956883, 6034450961,
            6156359062, 6280729952, 6407613385, 6537060120, 6669121941, 6803851677, 6941303226, 7081531574,
            7224592818, 7370544188, 7519444071, 7671352032, 7826328841, 7984436494, 8145738241, 8310298610,
            8478183430, 8649459863, 8824196426, 9002463021, 9184330960, 9369873000, 9559163364, 9752277775,
            9949293488, 10150289316, 10355345665, 10564544568, 10777969711, 10995706472, 11217841957,
            11444465027, 11675666340, 11911538388, 12152175527, 12397674022, 12648132083, 12903649903,
            13164329699, 13430275754, 13701594456, 13978394344, 14260786149, 14548882839, 14842799664,
            15142654202, 15448566408, 15760658659, 16079055804, 16403885214, 16735276835, 17073363235,
            17418279664, 17770164102, 18129157316, 18495402918, 18869047422, 19250240299, 19639134042,
            20035884225, 20440649563, 20853591978, 21274876665, 21704672153, 22143150378, 22590486750,
            23046860219, 23512453355, 23987452413, 24472047411, 24966432207, 25470804575, 25985366284,
            26510323178, 27045885263, 27592266783, 28149686314, 28718366846, 29298535873, 29890425487,
            30494272466, 31110318375, 31738809655, 32379997729, 33034139097, 33701495443, 34382333734,
            35076926335, 35785551109, 36508491536, 37246036819, 37998482008, 38766128109, 39549282212,
            40348257610, 41163373926, 41994957237, 42843340212, 43708862236, 44591869554, 45492715404,
            46411760160, 47349371476, 48305924435, 49281801696, 50277393650, 51293098572, 52329322786,
            53386480822, 54464995586, 55565298527, 56687829810, 57833038493, 59001382705, 60193329831,
            61409356696, 62649949761, 63915605311, 65206829661, 66524139351, 67868061358, 69239133305,
            70637903675, 72064932032, 73520789245, 75006057714, 76521331607, 78067217094, 79644332591,
            81253309007, 82894789997, 84569432220, 86277905598, 88020893590, 89799093460, 91613216560,
            93463988612, 95352149998, 97278456059, 99243677393, 101248600169, 103294026435, 105380774444,
            107509678978, 109681591685, 111897381416, 114157934576, 116464155476, 118816966698, 121217309459,
            123666143994, 126164449933, 128713226700, 131313493906, 133966291762, 136672681495, 139433745768,
            142250589116, 145124338391, 148056143207, 151047176404, 154098634513, 157211738240, 160387732952,
            163627889174, 166933503096, 170305897098, 173746420272, 177256448964, 180837387327, 184490667879,
            188217752079, 192020130909, 195899325473, 199856887603, 203894400484, 208013479282, 212215771793,
            216502959102, 220876756255, 225338912947, 229891214219, 234535481173, 239273571702, 244107381231,
            249038843478, 254069931225, 259202657108, 264439074424, 269781277947, 275231404775, 280791635174,
            286464193461, 292251348884, 298155416538, 304178758286, 310323783706, 316592951054, 322988768247,
            329513793868, 336170638189, 342961964213, 349890488742, 356958983464, 364170276060, 371527251334,
            379032852371, 386690081712, 394502002554, 402471739980, 410602482201, 418897481842, 427360057233,
            435993593742, 444801545131, 453787434932, 462954857860, 472307481251, 481849046529, 491583370701,
            501514347887, 511645950874, 521982232710, 532527328321, 543285456165, 554260919926, 565458110228,
            576881506394, 588535678241, 600425287902, 612555091698, 624929942035, 637554789349, 650434684083,
            663574778711, 676980329797, 690656700095, 704609360703, 718843893243, 733365992096, 748181466684,
            763296243789, 778716369926, 794448013763, 810497468586, 826871154821, 843575622595, 860617554364,
            878003767584, 895741217434, 913836999604, 932298353132, 951132663296, 970347464575, 989950443657,
            1009949442519, 1030352461560, 1051167662803, 1072403373163, 1094068087772, 1116170473384,
            1138719371836, 1161723803590, 1185192971340, 1209136263690, 1233563258916, 1258483728793,
            1283907642506, 1309845170638, 1336306689236, 1363302783968, 1390844254352, 1418942118076,
            1447607615411, 1476852213702, 1506687611959, 1537125745533, 1568178790898, 1599859170512,
            1632179557795, 1665152882195, 1698792334360, 1733111371418, 1768123722356, 1803843393515,
            1840284674192, 1877462142357, 1915390670486, 1954085431506, 1993561904869, 2033835882746,
            2074923476336, 2116841122323, 2159605589441, 2203233985187, 2247743762665, 2293152727568,
            2339479045296, 2386741248232, 2434958243146, 2484149318765, 2534334153487, 2585532823255,
            2637765809583, 2691054007756, 2745418735186, 2800881739937, 2857465209431, 2915191779318,
            2974084542537, 3034167058548, 3095463362761, 3157997976150, 3221795915062, 3286882701225,
            3353284371957, 3421027490582, 3490139157059, 3560647018817, 3632579281824, 3705964721861,
            3780832696040, 3857213154545, 3935136652617, 4014634362771, 4095738087271, 4178480270853,
            4262894013698, 4349013084682, 4436871934878, 4526505711340, 4617950271165, 4711242195835,
            4806418805852, 4903518175667, 5002579148913, 5103641353941, 5206745219677, 5311931991792,
            5419243749202, 5528723420903, 5640414803144, 5754362576945, 5870612325974, 5989210554781,
            6110204707403, 6233643186341, 6359575371923
        ],
        toUInt64(0));

-- The smallest and the largest whole ms of a bucket.
CREATE OR REPLACE FUNCTION earshot_duration_low AS (bucket) ->
    if(bucket = 0, 0, earshot_duration_edge(bucket - 1) + 1);

CREATE OR REPLACE FUNCTION earshot_duration_high AS (bucket) ->
    earshot_duration_edge(bucket);

-- The bucket of a duration in whole ms. The logarithm finds it or the one beside it, the edges decide.
CREATE OR REPLACE FUNCTION earshot_duration_bucket_near AS (ms, guess) ->
    guess - 1 + arrayCount(edge -> edge < ms, arrayMap(b -> earshot_duration_edge(b), [guess - 1, guess]));

CREATE OR REPLACE FUNCTION earshot_duration_bucket AS (ms) ->
    multiIf(
        ms > 0,
        earshot_duration_bucket_near(
            least(ms, 6311520000000),
            toInt64(ceil(log(toFloat64(greatest(least(ms, 6311520000000), 1))) / log(101 / 99))) + 1),
        ms = 0, 0,
        NULL);

-- The ms that stand for a bucket: the one it holds, or 2 gamma^(b - 1) / (gamma + 1).
CREATE OR REPLACE FUNCTION earshot_duration_power AS (exponent) ->
    exp(log(101 / 99) * exponent);

CREATE OR REPLACE FUNCTION earshot_duration_value AS (bucket) ->
    multiIf(
        bucket = 0, 0.0,
        bucket < 300 AND floor(earshot_duration_power(bucket - 1)) - floor(earshot_duration_power(bucket - 2)) = 1,
        floor(earshot_duration_power(bucket - 1)),
        0.99 * earshot_duration_power(bucket - 1));

-- What scores are derived from. A histogram is two arrays: rising buckets, and their counts, all above 0.
-- What is costly stands in no branch of an if: what a branch shares with others would be computed again for
-- each. Where it is not needed its arrays are empty instead, and then it costs nothing.

CREATE OR REPLACE FUNCTION earshot_needed AS (needed, items) ->
    arrayResize(items, if(needed, length(items), 0));

-- Answers in a box; no box, no answers.
CREATE OR REPLACE FUNCTION earshot_in_box AS (buckets, counts, low, high) ->
    arraySum((bucket, k) -> if(bucket BETWEEN low AND high, toInt64(k), 0), buckets, counts);

-- Answers in the top box and, if there is one, in the base of a share.
CREATE OR REPLACE FUNCTION earshot_in_both AS (buckets, counts, low, high, base_low, base_high) ->
    arraySum(
        (bucket, k) -> if(
            bucket BETWEEN low AND high
                AND bucket BETWEEN ifNull(base_low, -2147483648) AND ifNull(base_high, 2147483647),
            toInt64(k),
            0),
        buckets,
        counts);

-- The seconds of buckets of durations. Their mean and its variance s^2 / n are taken from the first on, so
-- that durations in one bucket have no spread at all.
CREATE OR REPLACE FUNCTION earshot_seconds AS (buckets) ->
    arrayMap(bucket -> earshot_duration_value(bucket) / 1000, buckets);

CREATE OR REPLACE FUNCTION earshot_seconds_mean AS (seconds, counts) ->
    seconds[1] + arraySum((second, k) -> (second - seconds[1]) * k, seconds, counts) / arraySum(counts);

CREATE OR REPLACE FUNCTION earshot_seconds_variance AS (seconds, counts, mean) ->
    arraySum((second, k) -> pow(second - mean, 2) * k, seconds, counts)
        / (toFloat64(arraySum(counts)) * nullIf(arraySum(counts) - 1, 0));

-- (mean, variance) of durations, in seconds.
CREATE OR REPLACE FUNCTION earshot_duration_moments AS (seconds, counts) ->
    tuple(
        earshot_seconds_mean(seconds, counts),
        earshot_seconds_variance(seconds, counts, earshot_seconds_mean(seconds, counts)));

-- s^2 / n of a mean on a scale. It is a quotient of integers of 256 bits: exact however many answers.
CREATE OR REPLACE FUNCTION earshot_scale_variance AS (n, total, squares) ->
    toFloat64(toInt256(n) * toInt256(squares) - toInt256(total) * toInt256(total))
        / (toFloat64(n) * n * nullIf(toInt64(n) - 1, 0));

-- (mean, variance) on a scale, in its unit.
CREATE OR REPLACE FUNCTION earshot_scale_moments AS (buckets, counts) ->
    arrayMap(
        sums -> tuple(sums.2 / sums.1, earshot_scale_variance(sums.1, sums.2, sums.3)),
        [tuple(
            toInt64(arraySum(counts)),
            arraySum((bucket, k) -> toInt64(bucket) * k, buckets, counts),
            arraySum((bucket, k) -> toInt64(bucket) * bucket * k, buckets, counts))])[1];

-- The numbers, from 1, of the answers that are a quantile, its lower and its upper bound: ceil(n q) and
-- ceil(n q -+ z sqrt(n q (1 - q))), with q in millionths. https://rdrr.io/cran/rcompanion/man/quantileCI.html
CREATE OR REPLACE FUNCTION earshot_quantile_margin AS (n, millionths, z) ->
    z * sqrt(n * millionths / 1000000 * (1 - millionths / 1000000));

CREATE OR REPLACE FUNCTION earshot_quantile_ranks AS (n, millionths, z) ->
    [
        intDiv(n * millionths + 999999, 1000000),
        toInt64(ceil(n * millionths / 1000000 - earshot_quantile_margin(n, millionths, z))),
        toInt64(ceil(n * millionths / 1000000 + earshot_quantile_margin(n, millionths, z)))
    ];

-- The bucket of an answer by its number; NULL of a number that there is not.
CREATE OR REPLACE FUNCTION earshot_bucket_of_rank AS (buckets, counts, rank) ->
    arrayFirstOrNull(
        (bucket, running) -> rank >= 1 AND running >= rank, arrayMap(b -> toInt64(b), buckets), arrayCumSum(counts));

-- (value, lower, upper) from the buckets: durations in seconds, their bounds at the outer edges.
CREATE OR REPLACE FUNCTION earshot_quantile_of AS (at, low, high, is_duration) ->
    if(
        is_duration,
        tuple(
            earshot_duration_value(at) / 1000,
            if(low IS NULL, NULL, earshot_duration_low(low) / 1000),
            if(high IS NULL, NULL, earshot_duration_high(high) / 1000)),
        tuple(toFloat64(at), toFloat64(low), toFloat64(high)));

CREATE OR REPLACE FUNCTION earshot_quantile AS (buckets, counts, is_duration, ranks) ->
    arrayMap(
        found -> earshot_quantile_of(found.1, found.2, found.3, is_duration),
        [tuple(
            earshot_bucket_of_rank(buckets, counts, ranks[1]),
            earshot_bucket_of_rank(buckets, counts, ranks[2]),
            earshot_bucket_of_rank(buckets, counts, ranks[3]))])[1];

-- All that a score and its interval, or a difference of two, are derived from. value, lower and upper are
-- those of a quantile, value and variance (s^2 / n) those of a mean.
CREATE OR REPLACE FUNCTION earshot_summary_of AS (kind, found) ->
    CAST(
        tuple(
            found.1,
            found.2,
            found.3,
            multiIf(found.1 = 0, NULL, kind = 'mean', found.4.1, kind = 'quantile', found.5.1, NULL),
            if(found.1 > 0 AND kind = 'quantile', found.5.2, NULL),
            if(found.1 > 0 AND kind = 'quantile', found.5.3, NULL),
            if(found.1 > 1 AND kind = 'mean', found.4.2, NULL)),
        'Tuple(n Int64, top Int64, bottom Int64, value Nullable(Float64), lower Nullable(Float64), upper Nullable(Float64), variance Nullable(Float64))');

CREATE OR REPLACE FUNCTION earshot_summary AS (kind, buckets, counts, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high, q, z) ->
    arrayMap(
        found -> earshot_summary_of(kind, found),
        [tuple(
            [
                toInt64(arraySum(counts)),
                earshot_in_box(
                    earshot_needed(kind = 'share', buckets),
                    earshot_needed(kind = 'share', counts),
                    base_low,
                    base_high)
            ][1 + (kind = 'share' AND base_low IS NOT NULL)],
            earshot_in_both(
                earshot_needed(kind IN ('net', 'share'), buckets),
                earshot_needed(kind IN ('net', 'share'), counts),
                top_low,
                top_high,
                base_low,
                base_high),
            earshot_in_box(
                earshot_needed(kind = 'net', buckets), earshot_needed(kind = 'net', counts), bottom_low, bottom_high),
            [
                earshot_scale_moments(
                    earshot_needed(kind = 'mean' AND NOT is_duration, buckets),
                    earshot_needed(kind = 'mean' AND NOT is_duration, counts)),
                earshot_duration_moments(
                    earshot_seconds(earshot_needed(kind = 'mean' AND is_duration, buckets)),
                    earshot_needed(kind = 'mean' AND is_duration, counts))
            ][1 + is_duration],
            earshot_quantile(
                earshot_needed(kind = 'quantile', buckets),
                earshot_needed(kind = 'quantile', counts),
                is_duration,
                earshot_quantile_ranks(
                    toInt64(arraySum(counts)), toInt64(round(ifNull(q, 0.5) * 1000000)), z)))])[1];

-- Score and status of a summary. A count is complete, so few records are not a thin one.
CREATE OR REPLACE FUNCTION earshot_summary_status AS (kind, summary, n_privacy, n_stat) ->
    earshot_status(summary.1, n_privacy, if(kind = 'count', 0, n_stat));

CREATE OR REPLACE FUNCTION earshot_summary_value AS (kind, summary) ->
    multiIf(
        kind = 'net', earshot_net(summary.2, summary.3, summary.1),
        kind = 'share', earshot_share(summary.2, summary.1),
        kind IN ('mean', 'quantile'), summary.4,
        summary.1 > 0, toFloat64(summary.1),
        NULL);

-- t s / sqrt(n) of a mean; NULL of anything else, and of one answer, which has no spread.
CREATE OR REPLACE FUNCTION earshot_summary_margin AS (summary, confidence) ->
    arrayMap(
        (df, variance) -> earshot_t(df, confidence) * sqrt(variance),
        earshot_needed(summary.7 IS NOT NULL, [summary.1 - 1]),
        earshot_needed(summary.7 IS NOT NULL, [summary.7]))[1];

CREATE OR REPLACE FUNCTION earshot_summary_lower AS (kind, summary, lowest, z, margin) ->
    multiIf(
        kind = 'net', earshot_adjusted_wald_lower(summary.2, summary.3, summary.1, z),
        kind = 'share', earshot_wilson_lower(summary.2, summary.1, z),
        kind = 'mean', if(margin IS NULL, NULL, greatest(lowest, summary.4 - margin)),
        kind = 'quantile', summary.5,
        summary.1 > 0, toFloat64(summary.1),
        NULL);

CREATE OR REPLACE FUNCTION earshot_summary_upper AS (kind, summary, highest, z, margin) ->
    multiIf(
        kind = 'net', earshot_adjusted_wald_upper(summary.2, summary.3, summary.1, z),
        kind = 'share', earshot_wilson_upper(summary.2, summary.1, z),
        kind = 'mean', if(margin IS NULL, NULL, least(highest, summary.4 + margin)),
        kind = 'quantile', summary.6,
        summary.1 > 0, toFloat64(summary.1),
        NULL);

-- A score from a summary, or at once from a histogram. Every score view is one call of this.
CREATE OR REPLACE FUNCTION earshot_score_of AS (kind, summary, is_duration, scale_low, scale_high, n_privacy, n_stat, z, confidence) ->
    CAST(
        arrayMap(
            (status, margin) -> if(
                status IN ('ok', 'thin'),
                tuple(
                    summary.1,
                    earshot_summary_value(kind, summary),
                    earshot_summary_lower(
                        kind, summary, if(is_duration, 0.0, toFloat64(scale_low)), z, margin),
                    earshot_summary_upper(
                        kind, summary, if(is_duration, inf, toFloat64(scale_high)), z, margin),
                    status),
                tuple(summary.1, NULL, NULL, NULL, status)),
            [earshot_summary_status(kind, summary, n_privacy, n_stat)],
            [earshot_summary_margin(summary, confidence)])[1],
        'Tuple(n Int64, value Nullable(Float64), lower Nullable(Float64), upper Nullable(Float64), status String)');

CREATE OR REPLACE FUNCTION earshot_score AS (kind, buckets, counts, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high, q, scale_low, scale_high, n_privacy, n_stat, z, confidence) ->
    arrayMap(
        summary -> earshot_score_of(
            kind, summary, is_duration, scale_low, scale_high, n_privacy, n_stat, z, confidence),
        [earshot_summary(
            kind, buckets, counts, is_duration, top_low, top_high, bottom_low, bottom_high, base_low, base_high,
            q, z)])[1];
