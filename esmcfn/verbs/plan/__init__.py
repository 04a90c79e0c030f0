"""What deploying would change, and what policy, cost and drift say of it; `deploying` begins here."""
