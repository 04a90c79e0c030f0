"""What it costs, by the price book, by AWS's price list and by the bill."""
