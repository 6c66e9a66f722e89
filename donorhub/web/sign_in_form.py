"""The fields of the sign-in, bounded: hashing an endless password is work that anybody could order."""

from __future__ import annotations

from flask_security.forms import LoginForm

from donorhub import clock
from donorhub.db import db
from donorhub.services.access import sessions
from donorhub.services.access.users import MAX_PASSWORD


class SignInForm(LoginForm):
    """Flask-Security's; a password longer than any that can be set is answered like a wrong one."""

    def validate(self, **more: object) -> bool:
        if len(self.password.data or "") > MAX_PASSWORD:
            self.password.data = ""  # none is as wrong as that one, and nothing is hashed
        is_right = bool(super().validate(**more))
        if not is_right:
            sessions.note_failure(self.user.id if self.user else None, now=clock.now())
            db.session.commit()
        return is_right
