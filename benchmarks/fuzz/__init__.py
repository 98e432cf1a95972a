"""Inputs that are spoiled at random: each must be taken, or refused in one short sentence."""
