"""A real llama.cpp server with a tiny model of random weights: what it says is noise, how it says it is real."""

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONTEXT = 4_096
NAME = "tiny-random"

_SERVE = """
import sys, threading
import xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.port = int(sys.argv[2])
parameters.n_ctx = int(sys.argv[3])
parameters.n_parallel = 2
parameters.warmup = False
parameters.use_jinja = True
parameters.verbosity = 0
parameters.cpuparams.n_threads = 1
parameters.model_alias = {sys.argv[4]} if not isinstance(parameters.model_alias, str) else sys.argv[4]
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()  # until whoever started us is gone
"""


@dataclass
class LlamaServer:
    """One child process. `kill` and `start` as often as a test wants, on the same port."""

    model_file: Path
    port: int
    context: int = 2 * CONTEXT  # two slots share it
    name: str = NAME
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The base URL of the OpenAI protocol."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self, *, wait_s: float = 30) -> None:
        log = self.model_file.with_suffix(f".{self.port}.log")
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(self.model_file), str(self.port), str(self.context), self.name],
                stdin=subprocess.PIPE, stdout=sink, stderr=sink,
            )  # fmt: skip
        deadline = time.monotonic() + wait_s
        while not self._answers():
            assert self.process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, "llama.cpp did not start in time"
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            with contextlib.suppress(OSError):
                self.process.stdin.close()
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def write_model(path: Path, *, seed: int = 0) -> None:
    """A llama of two layers with a vocabulary of bytes, in half a megabyte. Bytes make any text and any JSON schema
    expressible; weights are random, so what comes out is too."""
    import gguf
    import numpy

    width, layers, heads, hidden = 64, 2, 4, 128
    random = numpy.random.default_rng(seed)
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
    kinds = [2, 3, 3, *([6] * 256)]  # unknown, control, control, bytes
    scores = [0.0] * len(tokens)
    for character in map(chr, range(32, 127)):
        tokens.append(("\u2581" if character == " " else character).encode())
        kinds.append(1)
        scores.append(32.0 - ord(character) - 1.0)
    for marker in (b"<|im_start|>", b"<|im_end|>"):
        tokens.append(marker)
        kinds.append(3)
        scores.append(0.0)

    writer: Any = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )

    def weights(name: str, *shape: int, scale: float = 0.08) -> None:
        writer.add_tensor(name, (random.normal(size=shape) * scale).astype(numpy.float32))

    def ones(name: str) -> None:
        writer.add_tensor(name, numpy.ones(width, numpy.float32))

    weights("token_embd.weight", len(tokens), width, scale=1)
    weights("output.weight", len(tokens), width)
    ones("output_norm.weight")
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights(f"blk.{layer}.{name}.weight", width, width)
        weights(f"blk.{layer}.ffn_gate.weight", hidden, width)
        weights(f"blk.{layer}.ffn_up.weight", hidden, width)
        weights(f"blk.{layer}.ffn_down.weight", width, hidden)
        ones(f"blk.{layer}.attn_norm.weight")
        ones(f"blk.{layer}.ffn_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
