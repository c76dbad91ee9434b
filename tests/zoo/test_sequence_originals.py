"""The reference networks for tables, texts and series are their originals: the same answers and gradients."""

import json

import pytest
import safetensors.torch
import sequence_originals as originals
import torch
from sequences import small
from weight_by_weight import Named, assert_agreement

from nnspec.codegen.load import fill, load
from nnspec.codegen.write import write
from nnspec.graph.start import find_start
from nnspec.spec.reach import Reach

WORDS = 5


def words(*shape):
    return torch.randint(0, WORDS, shape)


def real(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_wide_and_deep():
    calls = [(real(n, 3), real(n, 4), words(n, 2)) for n in (2, 5)]
    assert_agreement(small("tabular/wide_and_deep"), originals.WideAndDeep(3, 4, 2, WORDS, 2, [8, 4]), calls)


def test_ft_transformer():
    calls = [(real(n, 3), words(n, 2)) for n in (2, 5)]
    network = small("tabular/ft_transformer", "params.dropout=0.0", "params.hidden_dropout=0.0")
    assert_agreement(network, originals.FTTransformer(3, 2, WORDS, 8, 2, 6, 2), calls)


def test_two_towers():
    calls = [(words(n, 1), words(n, 3 * n), words(n, 1) % 4 + 1) for n in (2, 5)]
    assert_agreement(small("recommend/two_tower"), originals.TwoTowers(WORDS, WORDS, 4, 8, 4, 0.5), calls)


def test_siamese():
    calls = [(real(n, 1, 65, 65), real(n, 1, 65, 65)) for n in (2, 3)]
    assert_agreement(small("similarity/siamese"), originals.Siamese(2, 1, 8), calls, scale=0.15)


def test_lstm_classifier():
    network = small("text/lstm_classifier", "params.dropout=0.0")
    calls = [(words(3, 7),), (words(2, 2),)]
    assert_agreement(network, originals.Recurrent(WORDS, 4, 6, 2, tags=False), calls)


def test_bilstm_tagger():
    network = small("text/bilstm_tagger", "params.dropout=0.0")
    assert_agreement(network, originals.Recurrent(WORDS, 4, 3, 2, tags=True), [(words(3, 7),), (words(2, 2),)])


def test_seq2seq():
    calls = [(words(3, 7), words(3, 4)), (words(2, 2), words(2, 5))]
    assert_agreement(small("text/seq2seq", "params.dropout=0.0"), originals.Seq2Seq(WORDS, 6, 2), calls)


def test_transformer():
    calls = [(words(3, 7), words(3, 4)), (words(2, 2), words(2, 5))]
    network = small("text/transformer", "params.dropout=0.0")
    assert_agreement(network, originals.TransformerBase(WORDS, 8, 12, 2, 2), calls)


def test_tcn():
    network = small("series/tcn", "params.dropout=0.0")
    assert_agreement(network, originals.TCN(2, 4, 3, 3), [(real(3, 20, 2),), (real(2, 3, 2),)])


def test_nbeats():
    assert_agreement(small("series/nbeats"), originals.NBeats(6, 3, 8, 2, 3), [(real(4, 6),), (real(1, 6),)])


def test_wavenet():
    network = small("series/wavenet")
    assert_agreement(network, originals.WaveNet(WORDS, 4, 6, 2, 4), [(words(3, 9),), (words(2, 2),)])


def test_what_is_not_the_original_is_told():
    calls = [(words(n, 1), words(n, 3), words(n, 1)) for n in (2, 5)]
    for size, temperature in ((4, 0.501), (3, 0.5)):
        with pytest.raises(AssertionError):
            wrong = originals.TwoTowers(WORDS, WORDS, size, 8, 4, temperature)
            assert_agreement(small("recommend/two_tower"), wrong, calls)


ORDER = "input_layernorm q_proj k_proj v_proj o_proj post_attention_layernorm gate_proj up_proj down_proj".split()


def as_in_llama(named: Named) -> Named:
    """Each part's normalisation before it, as it is computed."""

    def place(name: str) -> tuple[int, int]:
        _, *path = name.split(".")
        layer = next((int(part) for part in path if part.isdecimal()), 0)
        return (layer, next((at for at, part in enumerate(ORDER) if part in path), -1))

    first, *layers, norm, head = named
    return [first, *sorted(layers, key=lambda pair: place(pair[0])), norm, head]


def published(name, reference, folder, weights):
    """The network with the original's weights as they are published: a file, and how its names are ours."""
    state = {title: tensor.clone() for title, tensor in reference.state_dict().items()}
    small(name, folder=folder)
    safetensors.torch.save_file(state, folder / f"{name}.safetensors")
    settings = json.dumps({"load": f"{name.rpartition('/')[2]}.safetensors", **weights})
    network = small(name, f"weights={settings}", folder=folder)
    start = find_start(network.spec, network.graph, Reach(network.folder))
    module = load(write(network.graph), "net.py", {}).eval()
    fill(module, start)
    assert start.missing == {}
    return module


@pytest.mark.parity
def test_llama_is_that_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=WORDS,
        hidden_size=16,
        intermediate_size=12,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        rms_norm_eps=1e-5,
        attn_implementation="eager",
    )
    reference = transformers.LlamaForCausalLM(config)
    assert_agreement(
        small("text/llama"),
        reference,
        [(words(3, 7),), (words(2, 2),)],
        answer=lambda tokens: reference(tokens).logits,
        arrange=as_in_llama,
        tolerance=1e-5,  # its norms and angles are in single precision
    )
    changes = {
        "model.layers.*.input_layernorm.": "layer.*.residual_1.body.rmsnorm_1.",
        "model.layers.*.self_attn.q_proj.": "layer.*.residual_1.body.attention_1.query.",
        "model.layers.*.self_attn.k_proj.": "layer.*.residual_1.body.attention_1.key.",
        "model.layers.*.self_attn.v_proj.": "layer.*.residual_1.body.attention_1.value.",
        "model.layers.*.self_attn.o_proj.": "layer.*.residual_1.body.attention_1.out.",
        "model.layers.*.post_attention_layernorm.": "layer.*.residual_2.body.rmsnorm_1.",
        "model.layers.*.mlp.gate_proj.": "layer.*.residual_2.body.swiglu_1.gate.",
        "model.layers.*.mlp.up_proj.": "layer.*.residual_2.body.swiglu_1.value.",
        "model.layers.*.mlp.down_proj.": "layer.*.residual_2.body.linear_1.",
        "model.embed_tokens.": "embed.",
        "model.norm.": "rmsnorm_1.",
        "lm_head.": "head.",
    }
    module = published("text/llama", reference.float(), tmp_path, {"map": changes})
    tokens = words(3, 7)
    torch.testing.assert_close(module(tokens), reference.eval()(tokens).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parity
def test_gpt2_is_that_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    nothing = dict(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    config = transformers.GPT2Config(
        vocab_size=WORDS, bos_token_id=None, eos_token_id=None, n_positions=8, n_embd=8, n_layer=2, n_head=2, **nothing
    )
    reference = transformers.GPT2LMHeadModel(config)
    network = small("text/gpt2", "params.dropout=0.0")
    assert_agreement(
        network,
        reference,
        [(words(3, 7),), (words(2, 2),)],
        answer=lambda tokens: reference(tokens).logits,
        turned=lambda name: name.endswith(("c_attn.weight", "c_fc.weight", "c_proj.weight")),
    )
    names = [name.removeprefix("transformer.") for name, _ in reference.named_parameters()]
    assert list(network.graph.parameters) == names
    turned = {"transpose": ["*.c_*.weight"], "map": {"transformer.": ""}, "strict": False}
    module = published("text/gpt2", reference.float(), tmp_path, turned)
    tokens = words(3, 7)
    torch.testing.assert_close(module(tokens), reference.eval()(tokens).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parity
def test_bert_is_that_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=WORDS,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=8,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=2,
    )
    reference = transformers.BertForSequenceClassification(config)
    calls = []
    for batch, length in ((3, 7), (2, 3)):
        present = torch.ones(batch, length, dtype=torch.int64)
        present[0, -2:] = 0
        calls.append((words(batch, length), words(batch, length) % 2, present))
    assert_agreement(
        small("text/bert", "params.dropout=0.0"),
        reference,
        calls,
        answer=lambda tokens, segment, present: reference(tokens, present, segment).logits,
    )
    changes = {
        "bert.embeddings.word_embeddings.": "embeddings_1.word.",
        "bert.embeddings.position_embeddings.": "embeddings_1.position.",
        "bert.embeddings.token_type_embeddings.": "embeddings_1.segment_type.",
        "bert.embeddings.LayerNorm.": "embeddings_1.layernorm_1.",
        "bert.encoder.layer.*.attention.self.": "layer.*.attention_1.",
        "bert.encoder.layer.*.attention.output.dense.": "layer.*.attention_1.linear_1.",
        "bert.encoder.layer.*.attention.output.LayerNorm.": "layer.*.attended.",
        "bert.encoder.layer.*.intermediate.dense.": "layer.*.linear_1.",
        "bert.encoder.layer.*.output.dense.": "layer.*.linear_2.",
        "bert.encoder.layer.*.output.LayerNorm.": "layer.*.layernorm_1.",
        "bert.pooler.dense.": "pooler.",
    }
    module = published("text/bert", reference.float(), tmp_path, {"map": changes})
    tokens, segment, present = calls[0]
    wanted = reference.eval()(tokens, present, segment).logits
    torch.testing.assert_close(module(tokens, segment, present), wanted, rtol=1e-4, atol=1e-4)
