"""Pictures of the leaderboard and of what was learned."""
