"""Answers promise that the report is on disk, and disks are full: what cannot be written is not promised."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import blackouts, full_disks, isolated_crashes

scenario = HerdScenario(
    about="Durability `disk`, disks that are full: reports are refused, and none that was answered is lost.",
    waits=False,
    herd=HerdPlan(durability="disk"),
    work=Work(fresh_ids=True, report_every_s=1.0, ask_share=0.0),
    mishaps=[isolated_crashes(is_disk_full=True), full_disks(every_s=3.0, longest_s=4.0), blackouts()],
    duration_s=40.0,
).scenario()
