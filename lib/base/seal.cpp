#include "base/seal.hpp"

#include <fmt/format.h>
#include <optional>
#include <sodium.h>
#include <stdexcept>

namespace vapisync {
namespace {

constexpr std::string_view prefix = "vs1:";
constexpr size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr int base64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

void ensure_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium can not be initialised");
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encode(std::string_view raw) {
  std::string out(sodium_base64_ENCODED_LEN(raw.size(), base64), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes(raw), raw.size(), base64);
  out.resize(out.size() - 1);  // the terminating zero
  return out;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out(text.size(), '\0');
  size_t size = 0;
  const int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                       text.data(), text.size(), nullptr, &size, nullptr, base64);
  if (failed != 0) return std::nullopt;
  out.resize(size);
  return out;
}

Error refused(std::string message) {
  return make_error(Verdict::invalid, "not_openable", std::move(message));
}

}  // namespace

Result<Sealer> Sealer::from_key_file(const Secret& text) {
  ensure_sodium();
  Sealer sealer;
  std::string_view rest = text.reveal();
  for (int line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    const std::string_view entry = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (entry.empty()) continue;
    const size_t colon = entry.find(':');
    const auto key =
        colon == std::string_view::npos ? std::nullopt : decode(entry.substr(colon + 1));
    if (!key || key->size() != key_bytes || colon == 0) {
      return make_error(Verdict::invalid, "bad_key_file",
                        fmt::format("line {} of the key file is not KEYID:BASE64 as `vapisync "
                                    "keygen` prints it",
                                    line));
    }
    const std::string id(entry.substr(0, colon));
    if (sealer.sealing_key_id_.empty()) sealer.sealing_key_id_ = id;
    sealer.keys_.emplace(id, Secret(*key));
  }
  if (sealer.keys_.empty()) {
    return make_error(Verdict::invalid, "bad_key_file",
                      "the key file is empty: make one with `vapisync keygen`");
  }
  return sealer;
}

Secret Sealer::make_key_line() {
  ensure_sodium();
  std::string id(6, '\0');
  std::string key(key_bytes, '\0');
  randombytes_buf(id.data(), id.size());
  randombytes_buf(key.data(), key.size());
  Secret line(encode(id) + ":" + encode(key));
  sodium_memzero(key.data(), key.size());
  return line;
}

std::string Sealer::seal(const Secret& secret, std::string_view context) const {
  const Secret& key = keys_.at(sealing_key_id_);
  const std::string& plain = secret.reveal();
  std::string box(nonce_bytes + plain.size() + tag_bytes, '\0');
  randombytes_buf(box.data(), nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      reinterpret_cast<unsigned char*>(box.data()) + nonce_bytes, nullptr, bytes(plain),
      plain.size(), bytes(context), context.size(), nullptr, bytes(box), bytes(key.reveal()));
  return fmt::format("{}{}:{}", prefix, sealing_key_id_, encode(box));
}

Result<Secret> Sealer::open(std::string_view sealed, std::string_view context) const {
  if (!sealed.starts_with(prefix)) return refused("the text is not sealed (vs1:KEYID:BASE64)");
  sealed.remove_prefix(prefix.size());
  const size_t colon = sealed.find(':');
  const auto key = keys_.find(sealed.substr(0, colon));
  if (colon == std::string_view::npos || key == keys_.end()) {
    return refused(fmt::format("sealed with key '{}', which is not in secrets.key_file",
                               sealed.substr(0, colon)));
  }
  const auto box = decode(sealed.substr(colon + 1));
  if (!box || box->size() < nonce_bytes + tag_bytes) return refused("the sealed text is damaged");
  std::string plain(box->size() - nonce_bytes - tag_bytes, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, bytes(*box) + nonce_bytes,
      box->size() - nonce_bytes, bytes(context), context.size(), bytes(*box),
      bytes(key->second.reveal()));
  if (failed != 0) return refused("the sealed text is damaged, or was sealed for another place");
  return Secret(std::move(plain));
}

}  // namespace vapisync
