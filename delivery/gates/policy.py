"""The policies of all gates: the section `gates:` of delivery.yaml."""

from __future__ import annotations

from delivery.gates.quality.baseline import Policy as BaselinePolicy
from delivery.gates.quality.behaviour import Policy as BehaviourPolicy
from delivery.gates.quality.best import Policy as BestPolicy
from delivery.gates.quality.calibration import Policy as CalibrationPolicy
from delivery.gates.quality.champion import Policy as ChampionPolicy
from delivery.gates.quality.data import Policy as DataPolicy
from delivery.gates.quality.holdout_reuse import Policy as LooksPolicy
from delivery.gates.quality.robustness import Policy as RobustnessPolicy
from delivery.gates.service.contract import Policy as ContractPolicy
from delivery.gates.service.latency import Policy as LatencyPolicy
from delivery.gates.service.load import Policy as LoadPolicy
from delivery.gates.service.parity import Policy as ParityPolicy
from delivery.gates.service.security import Policy as SecurityPolicy
from delivery.gates.service.smoke import Policy as SmokePolicy
from delivery.gates.supply_chain.artefact import Policy as ArtefactPolicy
from delivery.gates.supply_chain.code import Policy as CodePolicy
from delivery.gates.supply_chain.dependencies import Policy as DependenciesPolicy
from delivery.gates.supply_chain.licences import Policy as LicencesPolicy
from delivery.gates.supply_chain.reproducible_build import Policy as ReproduciblePolicy
from delivery.gates.supply_chain.reproduction import Policy as ReproductionPolicy
from delivery.gates.supply_chain.sbom import Policy as SbomPolicy
from delivery.gates.supply_chain.secrets import Policy as SecretsPolicy
from serving.contract import Strict


class GatesPolicy(Strict):
    """One section per gate; each gate's module documents its keys."""

    baseline: BaselinePolicy = BaselinePolicy()
    champion: ChampionPolicy = ChampionPolicy()
    calibration: CalibrationPolicy = CalibrationPolicy()
    behaviour: BehaviourPolicy = BehaviourPolicy()
    robustness: RobustnessPolicy = RobustnessPolicy()
    data: DataPolicy = DataPolicy()
    best: BestPolicy = BestPolicy()
    looks: LooksPolicy = LooksPolicy()
    parity: ParityPolicy = ParityPolicy()
    contract: ContractPolicy = ContractPolicy()
    load: LoadPolicy = LoadPolicy()
    latency: LatencyPolicy = LatencyPolicy()
    smoke: SmokePolicy = SmokePolicy()
    security: SecurityPolicy = SecurityPolicy()
    artefact: ArtefactPolicy = ArtefactPolicy()
    reproducible: ReproduciblePolicy = ReproduciblePolicy()
    reproduction: ReproductionPolicy = ReproductionPolicy()
    sbom: SbomPolicy = SbomPolicy()
    licences: LicencesPolicy = LicencesPolicy()
    code: CodePolicy = CodePolicy()
    secrets: SecretsPolicy = SecretsPolicy()
    dependencies: DependenciesPolicy = DependenciesPolicy()


# Not in it: what is running, who made it, where code may run and what the evidence is about. No
# reason makes up for those.
OVERRIDABLE = frozenset(GatesPolicy.model_fields) - {
    "executes_code",
    "freshness",
    "signature",
    "smoke",
}
