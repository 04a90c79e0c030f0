"""What changes AWS: deploying, parking, recovering, removing, and the stacks that GitHub needs."""
