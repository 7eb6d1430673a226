"""Other tools' alerts come in here and are observations from then on."""

from contextlib import suppress

from fastapi import APIRouter

from groundcrew.bus.port import BusUnavailable, RequestFailed, StreamFull
from groundcrew.contracts.queries import Endpoints, InventoryQuery
from groundcrew.diagnosis.senders import Senders
from groundcrew_gateway import alertmanager
from groundcrew_gateway.access import Caller, Reporter
from groundcrew_gateway.alertmanager import Handed, Notification
from groundcrew_gateway.problems import Problem

PATH = "/api/v1/alerts/alertmanager"
_LOOK_UP_S = 2.0
_AGAIN = {"Retry-After": "5"}

router = APIRouter(tags=["alerts"])


@router.post(
    PATH,
    operation_id="receiveAlertmanager",
    summary="Webhook of Prometheus Alertmanager",
    status_code=202,
    responses={503: {"description": "not stored; send it again"}},
)
async def receive(caller: Reporter, body: Notification) -> Handed:
    """Answers once the alerts are stored. Alertmanager tries again after 503, and repetitions store nothing twice."""
    gateway = caller.gateway
    found = alertmanager.envelopes(
        body.alerts,
        site=caller.site,
        senders=await _senders(caller),
        now=gateway.clock.now(),
        produced_by=gateway.produced_by,
    )
    try:
        await gateway.bus.publish_batch(found)
    except (BusUnavailable, StreamFull) as error:
        raise Problem(503, f"the alerts are not stored: {error}", headers=_AGAIN) from None
    gateway.meters.alerts.labels("alertmanager").inc(len(found))
    return Handed(taken=len(found), truncated=max(0, body.truncatedAlerts))


async def _senders(caller: Caller) -> Senders:
    """Without an answer of the inventory's owner, alerts stand under the names that they bear themselves."""
    with suppress(RequestFailed):
        return Senders(await caller.ask(Endpoints.INVENTORY, InventoryQuery(), timeout=_LOOK_UP_S))
    return Senders(None)
