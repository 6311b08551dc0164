"""A store of objects that speaks S3 (moto), in a thread of the tests."""

import contextlib
import logging
from collections.abc import Iterator

BUCKET = "gans"
KEYS = {
    "AWS_ACCESS_KEY_ID": "the-id-of-a-key",
    "AWS_SECRET_ACCESS_KEY": "the-secret-of-a-key",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextlib.contextmanager
def object_store(port: int = 0) -> Iterator[dict[str, str]]:
    """Yields the environment variables by which its clients find it, and may come in."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    host, found = server.get_host_and_port()
    environment = KEYS | {"AWS_ENDPOINT_URL": f"http://{host}:{found}"}
    try:
        yield environment
    finally:
        server.stop()


def make_bucket(environment: dict[str, str]) -> None:
    import boto3

    boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    ).create_bucket(Bucket=BUCKET)
