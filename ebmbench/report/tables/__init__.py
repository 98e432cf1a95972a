"""The leaderboard as text, for a terminal, a page or a paper."""
