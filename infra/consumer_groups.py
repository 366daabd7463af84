"""The consumer groups that the stages join where no setting says otherwise."""

from schemas.settings import TranscribeSettings, TurnsSettings, WebhookSettings

TRANSCRIBE = str(TranscribeSettings.model_fields["consumer_group"].default)
TURNS = str(TurnsSettings.model_fields["turns_consumer_group"].default)
WEBHOOKS = str(WebhookSettings.model_fields["webhook_consumer_group"].default)
