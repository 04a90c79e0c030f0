"""What an account knows about itself: identity, quotas, prices, costs."""
