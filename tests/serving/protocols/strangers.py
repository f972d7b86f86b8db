"""Calls a service with clients that have an environment of their own (requirements/clients.lock).

    python strangers.py HOST:PORT < rows.json

Prints what each of them got as JSON. Imports nothing of this repository.
"""

import asyncio
import json
import sys

import boto3
import botocore.exceptions
import numpy as np
from botocore.config import Config
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.services.prediction_service.transports import (
    PredictionServiceRestTransport,
)
from google.protobuf import json_format, struct_pb2
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

DATATYPES = {float: "FP32", type(None): "FP32", int: "INT64", bool: "BOOL", str: "BYTES"}
ENDPOINT = "projects/p/locations/l/endpoints/1"


def sagemaker(place, rows):
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://{place}",
        region_name="eu-central-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"max_attempts": 0}),
    )

    def invoke(rows, **headers):
        body = json.dumps({"instances": rows})
        return client.invoke_endpoint(EndpointName="any", Body=body, **headers)["Body"].read()

    try:
        invoke([{}], ContentType="application/json")
        refusal = ""
    except botocore.exceptions.ClientError as error:
        refusal = str(error)
    return {
        "named": json.loads(invoke(rows, ContentType="application/json"))["predictions"],
        "unnamed": json.loads(invoke(rows))["predictions"],
        "csv": [float(line) for line in invoke(rows, Accept="text/csv").splitlines()],
        "refusal": refusal,
    }


def vertex(place, rows):
    transport = PredictionServiceRestTransport(
        host=place, credentials=AnonymousCredentials(), url_scheme="http"
    )
    client = aiplatform_v1.PredictionServiceClient(transport=transport)
    instances = [json_format.ParseDict(row, struct_pb2.Value()) for row in rows]
    answer = client.predict(endpoint=ENDPOINT, instances=instances)
    try:
        client.predict(endpoint=ENDPOINT, instances=[json_format.ParseDict({}, struct_pb2.Value())])
        refusal = ""
    except GoogleAPICallError as error:
        refusal = str(error)
    return {"predictions": list(answer.predictions), "refusal": refusal}


async def kserve(place, rows):
    base = f"http://{place}"
    v1 = InferenceRESTClient(RESTConfig(protocol="v1"))
    v2 = InferenceRESTClient(RESTConfig(protocol="v2"))
    answer = await v1.infer(base, {"instances": rows}, model_name="tiny")
    found = {
        "v1": answer["predictions"],
        "alive": await v1.is_server_live(base),
        "ready": await v1.is_model_ready(base, "tiny"),
        "v2 alive": await v2.is_server_live(base),
        "v2 ready": await v2.is_server_ready(base) and await v2.is_model_ready(base, "tiny"),
    }
    for binary in (False, True):
        inputs = [tensor(name, [row[name] for row in rows], binary) for name in rows[0]]
        answer = await v2.infer(base, InferRequest("tiny", inputs, "7"), model_name="tiny")
        found[f"v2 {binary}"] = answer.outputs[0].as_numpy().tolist()
        assert answer.id == "7"
    return found


def tensor(name, values, binary):
    datatype = DATATYPES[type(values[0])]
    found = InferInput(name, [len(values)], datatype)
    kinds = {"FP32": np.float32, "INT64": np.int64, "BOOL": np.bool_, "BYTES": np.object_}
    array = np.array([np.nan if value is None else value for value in values], kinds[datatype])
    if binary or not np.any(array != array):
        found.set_data_from_numpy(array, binary_data=binary)
    else:  # NaN is not JSON
        found.data = values
    return found


place, rows = sys.argv[1], json.load(sys.stdin)
found = {
    "sagemaker": sagemaker(place, rows),
    "vertex": vertex(place, rows),
    "kserve": asyncio.run(kserve(place, rows)),
}
print(json.dumps(found))
