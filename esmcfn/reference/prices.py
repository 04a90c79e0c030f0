"""The price book that ships with esmcfn: what an hour of SageMaker hosting costs, by list, on demand.

For the instance types that a user of protein language models would pick: GPUs, and a few CPU types for small
containers of one's own. Every figure has a source and a day. A figure that is not here is unknown: neither
free, nor impossible, nor not offered. How the figures were read and checked: docs/prices.md.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from esmcfn.domain.cost import Price, PriceBook

LISTED = date(2026, 5, 20)
"""The day of the price list behind every figure that nobody has read again since."""

SOURCE = "AWS Price List, AmazonSageMaker, component Hosting"

_USD_PER_HOUR = """
                     us-east-1 us-east-2  us-west-2  eu-west-1 eu-central-1 eu-north-1 ap-northeast-1
ml.g4dn.xlarge           0.736     0.736      0.736      0.821        0.921     0.7812          0.994
ml.g4dn.2xlarge           0.94      0.94       0.94      1.047        1.175      0.998          1.269
ml.g4dn.4xlarge          1.505     1.505      1.505      1.678        1.881      1.596          2.031
ml.g4dn.8xlarge           2.72      2.72       2.72      3.033          3.4      2.885          3.673
ml.g4dn.12xlarge          4.89      4.89       4.89      5.453        6.112      5.188          6.601
ml.g4dn.16xlarge          5.44      5.44       5.44      6.066          6.8      5.771          7.344
ml.g5.xlarge             1.408    1.4084      1.408       1.57        1.761     1.4938          2.043
ml.g5.2xlarge            1.515     1.515      1.515       1.69        1.895    1.60686          2.197
ml.g5.4xlarge             2.03      2.03       2.03       2.27        2.539    2.15309          2.944
ml.g5.8xlarge             3.06      3.06       3.06       3.42        3.827    3.24555          4.438
ml.g5.12xlarge            7.09      7.09       7.09       7.91        8.866    7.51991         10.283
ml.g5.16xlarge            5.12      5.12       5.12       5.72        6.403    5.43046          7.426
ml.g5.24xlarge           10.18     10.18      10.18      11.36        12.73   10.79728         14.764
ml.g5.48xlarge           20.36     20.36      20.36      22.73        25.46   21.59455         29.528
ml.g6.xlarge            1.1267    1.1267     1.1267    1.25776        1.409      1.195         1.6341
ml.g6.2xlarge            1.222     1.222      1.222    1.36413       1.5281     1.2961         1.7723
ml.g6.4xlarge            1.654     1.654      1.654    1.84636       2.0683     1.7543         2.3988
ml.g6.8xlarge            2.518     2.518      2.518    2.81085       3.1488     2.6707         3.6519
ml.g6.12xlarge           5.752     5.752      5.752    6.42098       7.1929     6.1008         8.3421
ml.g6.16xlarge           4.246     4.246      4.246    4.73983       5.3096     4.5035          6.158
ml.g6.24xlarge           8.344     8.344      8.344    9.31443      10.4342       8.85        12.1013
ml.g6.48xlarge          16.688    16.688     16.688   18.62885      20.8683    17.6999        24.2026
ml.g6e.xlarge           2.6054    2.6054     2.6054          -         3.13          -              -
ml.g6e.2xlarge          2.8026    2.8026     2.8026          -          3.5          -              -
ml.g6e.4xlarge          3.7553    3.7553     3.7553          -          4.7          -              -
ml.g6e.8xlarge          5.6607    5.6607     5.6607          -         7.08          -              -
ml.g6e.12xlarge        13.1158   13.1158    13.1158          -         16.4          -              -
ml.g6e.16xlarge         9.4715    9.4715     9.4715          -        11.84          -              -
ml.g6e.24xlarge         18.832    18.832     18.832          -        23.55          -              -
ml.g6e.48xlarge         37.664    37.664     37.664          -         47.1          -              -
ml.g7e.2xlarge          4.2039    4.2039     4.2039          -            -          -              -
ml.g7e.4xlarge          4.9977    4.9977     4.9977          -            -          -              -
ml.g7e.8xlarge          6.5853    6.5853     6.5853          -            -          -              -
ml.g7e.12xlarge        10.3576   10.3576    10.3576          -            -          -              -
ml.g7e.24xlarge        20.7152   20.7152    20.7152          -            -          -              -
ml.g7e.48xlarge        41.4304   41.4304    41.4304          -            -          -              -
ml.p4d.24xlarge     25.2512883 25.251286  25.251286 27.2730435    31.547927          -      34.612516
ml.p4de.24xlarge    31.5641075         - 31.5641075          -    39.434903          -      43.265645
ml.p5.4xlarge                -         -          -          -            -          -           9.89
ml.p5.48xlarge          63.296    63.296     63.296          -            -          -              -
ml.p5en.48xlarge        72.795    72.795     72.795          -            -   77.88573         90.988
ml.p6-b200.48xlarge  131.02272         -          -          -            -          -              -
ml.m5.large              0.115     0.115      0.115      0.128        0.138      0.122          0.149
ml.m5.xlarge              0.23      0.23       0.23      0.257        0.276      0.245          0.298
ml.m5.2xlarge            0.461     0.461      0.461      0.514        0.552       0.49          0.595
ml.m5.4xlarge            0.922     0.922      0.922      1.027        1.104      0.979           1.19
ml.m5.12xlarge           2.765     2.765      2.765      3.082        3.312      2.938          3.571
ml.m5.24xlarge            5.53      5.53       5.53      6.163        6.624      5.875          7.142
ml.m7i.large             0.121     0.121      0.121      0.135            -      0.129        0.15624
ml.m7i.xlarge            0.242     0.242      0.242       0.27            -      0.257        0.31248
ml.m7i.2xlarge           0.484     0.484      0.484      0.539            -      0.514        0.62496
ml.m7i.4xlarge           0.968     0.968      0.968      1.079            -      1.028        1.24992
ml.m7i.8xlarge           1.935     1.935      1.935      2.157            -      2.056        2.49984
ml.m7i.12xlarge          2.903     2.903      2.903      3.236            -      3.084        3.74976
ml.m7i.16xlarge          3.871     3.871      3.871      4.314            -      4.113        4.99968
ml.m7i.24xlarge          5.806     5.806      5.806      6.471            -      6.169        7.49952
ml.m7i.48xlarge         11.612    11.612     11.612     12.943            -     12.338       14.99904
ml.c5.large              0.102     0.102      0.102      0.115        0.116      0.109          0.128
ml.c5.xlarge             0.204     0.204      0.204       0.23        0.233      0.218          0.257
ml.c5.2xlarge            0.408     0.408      0.408      0.461        0.466      0.437          0.514
ml.c5.4xlarge            0.816     0.816      0.816      0.922        0.931      0.874          1.027
ml.c5.9xlarge            1.836     1.836      1.836      2.074        2.095      1.966          2.311
ml.c5.18xlarge           3.672     3.672      3.672      4.147         4.19      3.931          4.622
ml.c7i.large             0.107     0.107      0.107      0.115            -      0.115        0.13482
ml.c7i.xlarge            0.214     0.214      0.214       0.23            -      0.229        0.26964
ml.c7i.2xlarge           0.428     0.428      0.428       0.46            -      0.459        0.53928
ml.c7i.4xlarge           0.857     0.857      0.857      0.919            -      0.917        1.07856
ml.c7i.8xlarge           1.714     1.714      1.714      1.839            -      1.835        2.15712
ml.c7i.12xlarge           2.57      2.57       2.57      2.758            -      2.752        3.23568
ml.c7i.16xlarge          3.427     3.427      3.427      3.677            -      3.669        4.31424
ml.c7i.24xlarge          5.141     5.141      5.141      5.516            -      5.504        6.47136
ml.c7i.48xlarge         10.282    10.282     10.282     11.032            -     11.007       12.94272
ml.t2.medium             0.056     0.056      0.056       0.06        0.064          -          0.073
ml.t2.large              0.111     0.111      0.111      0.121        0.129          -          0.146
ml.t2.xlarge             0.223     0.223      0.223      0.242        0.257          -          0.292
ml.t2.2xlarge            0.445     0.445      0.445      0.484        0.515          -          0.584
"""

_READ_AGAIN = {
    ("us-east-1", "ml.g5.2xlarge"): date(2026, 8, 17),
    ("us-east-1", "ml.g5.xlarge"): date(2026, 8, 17),
    ("us-east-1", "ml.g6e.8xlarge"): date(2026, 8, 17),
    ("us-east-1", "ml.m5.2xlarge"): date(2026, 9, 28),
    ("us-east-1", "ml.m5.xlarge"): date(2026, 9, 28),
    ("us-east-2", "ml.p5en.48xlarge"): date(2026, 10, 3),
}
"""The day of the newest independent reading of the Price List API that gave the same figure."""

_REMARKS = {
    ("eu-west-1", "ml.g4dn.12xlarge"): "an AWS bill of 2023-12 agrees",
    ("eu-west-1", "ml.g4dn.4xlarge"): "an AWS bill of 2023-12 agrees",
    ("eu-west-1", "ml.g4dn.xlarge"): "an AWS bill of 2023-12 agrees",
    ("eu-west-1", "ml.g5.12xlarge"): "an AWS bill of 2023-12 agrees",
    ("eu-west-1", "ml.m5.xlarge"): "an AWS bill of 2023-12 agrees",
    ("us-east-1", "ml.p4d.24xlarge"): "a table of 2025-01 still says 37.688",
    ("us-east-1", "ml.p5.48xlarge"): "a table of 2025-01 still says 113.068",
    ("us-east-2", "ml.g6.xlarge"): "an undated reading of 2026 agrees",
    ("us-west-2", "ml.g5.2xlarge"): "an undated reading agrees",
}
"""What other sources say; where they disagree, the dated price list stands."""


@cache
def price_book() -> PriceBook:
    """Return the book; made once, when first asked for."""
    header, *rows = _USD_PER_HOUR.strip("\n").splitlines()
    regions = header.split()
    prices: dict[tuple[str, str], Price] = {}
    for row in rows:
        instance_type, *figures = row.split()
        for region, figure in zip(regions, figures, strict=True):
            if figure != "-":
                prices[region, instance_type] = _price(region, instance_type, figure)
    return PriceBook(prices=prices)


def _price(region: str, instance_type: str, figure: str) -> Price:
    key = region, instance_type
    remark = f" ({_REMARKS[key]})" if key in _REMARKS else ""
    return Price(
        region=region,
        instance_type=instance_type,
        usd_per_hour=Decimal(figure),
        source=SOURCE + remark,
        as_of=_READ_AGAIN.get(key, LISTED),
    )
