"""The policies of all gates: the section `gates:` of delivery.yaml."""

from __future__ import annotations

from delivery.gates.artefact import Policy as ArtefactPolicy
from delivery.gates.baseline import Policy as BaselinePolicy
from delivery.gates.behaviour import Policy as BehaviourPolicy
from delivery.gates.best import Policy as BestPolicy
from delivery.gates.calibration import Policy as CalibrationPolicy
from delivery.gates.champion import Policy as ChampionPolicy
from delivery.gates.code import Policy as CodePolicy
from delivery.gates.contract import Policy as ContractPolicy
from delivery.gates.data import Policy as DataPolicy
from delivery.gates.dependencies import Policy as DependenciesPolicy
from delivery.gates.latency import Policy as LatencyPolicy
from delivery.gates.licences import Policy as LicencesPolicy
from delivery.gates.load import Policy as LoadPolicy
from delivery.gates.looks import Policy as LooksPolicy
from delivery.gates.parity import Policy as ParityPolicy
from delivery.gates.reproducible import Policy as ReproduciblePolicy
from delivery.gates.reproduction import Policy as ReproductionPolicy
from delivery.gates.robustness import Policy as RobustnessPolicy
from delivery.gates.sbom import Policy as SbomPolicy
from delivery.gates.secrets import Policy as SecretsPolicy
from delivery.gates.security import Policy as SecurityPolicy
from delivery.gates.smoke import Policy as SmokePolicy
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
