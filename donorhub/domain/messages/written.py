"""What one of us may write to a donor: by which channel, in which words, and what for."""

from __future__ import annotations

from typing import Final, Literal, get_args

WritingChannel = Literal["email", "post"]
WritingKind = Literal["personal", "thank_you"]  # their own words, or the thank-you for some gifts as a letter
# What one of us says that a message is: an answer or about the donor's own gifts, news, or an ask.
WritingCategory = Literal["transactional", "stewardship", "appeal"]
WRITING_CHANNELS: Final[tuple[WritingChannel, ...]] = get_args(WritingChannel)
WRITING_KINDS: Final[tuple[WritingKind, ...]] = get_args(WritingKind)
WRITING_CATEGORIES: Final[tuple[WritingCategory, ...]] = get_args(WritingCategory)
