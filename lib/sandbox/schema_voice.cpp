// The voices of an assistant: `voice`, by provider.
#include "sandbox/schema.hpp"
#include "sandbox/schema_words.hpp"

namespace vapisync::sandbox::schema {
namespace {

constexpr Field replacement_exact[] = {flag("replaceAllEnabled"), required(text("key")),
                                       required(text("value", 1000))};
constexpr Field replacement_regex[] = {required(text("regex")), list(free_object("options")),
                                       required(text("value", 1000))};
constexpr Variant replacements[] = {{"exact", replacement_exact}, {"regex", replacement_regex}};
constexpr Shape replacement_shape{{}, "type", replacements};

constexpr Field format_plan_fields[] = {flag("enabled"), number("numberToDigitsCutoff", 0),
                                        list(object("replacements", replacement_shape)),
                                        list(text("formattersEnabled"))};
constexpr Shape format_plan_shape{format_plan_fields};
constexpr Field chunk_plan_fields[] = {flag("enabled"), number("minCharacters", 1, 80),
                                       list(text("punctuationBoundaries")),
                                       object("formatPlan", format_plan_shape)};
constexpr Shape chunk_plan_shape{chunk_plan_fields};

constexpr Field fallback_fields[] = {required(list(object("voices", voice)))};
constexpr Shape fallback_shape{fallback_fields};

constexpr Field eleven_labs_locator_fields[] = {required(text("pronunciationDictionaryId")),
                                                text("versionId")};
constexpr Shape eleven_labs_locator{eleven_labs_locator_fields};
constexpr Field vapi_locator_fields[] = {required(text("pronunciationDictId")), text("versionId"),
                                         word("provider", words<"cartesia", "11labs">)};
constexpr Shape vapi_locator{vapi_locator_fields};

constexpr Field generation_fields[] = {number("speed", 0.6, 1.5), number("volume", 0.5, 2),
                                       free_object("experimental")};
constexpr Shape generation_shape{generation_fields};
constexpr Field controls_fields[] = {anything("speed"), text("emotion")};
constexpr Shape controls_shape{controls_fields};

constexpr Field voice_id = required(text("voiceId"));
constexpr Field fallback = object("fallbackPlan", fallback_shape);

constexpr Field azure[] = {voice_id, number("speed", 0.5, 2), fallback};
constexpr Field cartesia[] = {
    voice_id,
    word("model", words<"sonic-3.5", "sonic-3.5-2026-05-04", "sonic-3", "sonic-3-2026-01-12",
                        "sonic-3-2025-10-27", "sonic-2", "sonic-2-2025-06-11", "sonic-english",
                        "sonic-multilingual", "sonic-preview", "sonic">),
    text("language"),
    object("experimentalControls", controls_shape),
    object("generationConfig", generation_shape),
    text("pronunciationDictId"),
    fallback};
constexpr Field custom_voice[] = {text("voiceId"), required(object("server", server)), fallback};
constexpr Field deepgram[] = {voice_id, word("model", words<"aura", "aura-2">), flag("mipOptOut"),
                              fallback};
constexpr Field eleven_labs[] = {
    voice_id,
    number("stability", 0, 1),
    number("similarityBoost", 0, 1),
    number("style", 0, 1),
    flag("useSpeakerBoost"),
    number("speed", 0.7, 1.2),
    number("optimizeStreamingLatency", 0, 4),
    flag("enableSsmlParsing"),
    flag("autoMode"),
    word("model",
         words<"eleven_multilingual_v2", "eleven_turbo_v2", "eleven_turbo_v2_5", "eleven_flash_v2",
               "eleven_flash_v2_5", "eleven_monolingual_v1", "eleven_v3">),
    text("language"),
    list(object("pronunciationDictionaryLocators", eleven_labs_locator)),
    fallback};
constexpr Field hume[] = {voice_id, word("model", words<"octave", "octave2">),
                          flag("isCustomHumeVoice"), text("description"), fallback};
constexpr Field lmnt[] = {voice_id, number("speed", 0.25, 2), text("language"), fallback};
constexpr Field neuphonic[] = {voice_id, word("model", words<"neu_hq", "neu_fast">),
                               required(anything("language")), number("speed", 0.25, 2), fallback};
constexpr Field openai[] = {voice_id, word("model", words<"tts-1", "tts-1-hd", "gpt-4o-mini-tts">),
                            text("instructions", 10000), number("speed", 0.25, 4), fallback};
constexpr Field playht[] = {
    voice_id,
    number("speed", 0.1, 5),
    number("temperature", 0.1, 2),
    word("emotion", words<"female_happy", "female_sad", "female_angry", "female_fearful",
                          "female_disgust", "female_surprised", "male_happy", "male_sad",
                          "male_angry", "male_fearful", "male_disgust", "male_surprised">),
    number("voiceGuidance", 1, 6),
    number("styleGuidance", 1, 30),
    number("textGuidance", 1, 2),
    word("model", words<"PlayHT2.0", "PlayHT2.0-turbo", "Play3.0-mini", "PlayDialog">),
    text("language"),
    fallback};
constexpr Field wellsaid[] = {voice_id, word("model", words<"caruso", "legacy">),
                              flag("enableSsml"), list(text("libraryIds")), fallback};
constexpr Field rime_ai[] = {
    voice_id,
    word("model", words<"arcana", "mistv2", "mist">),
    number("speed", 0.1),
    flag("pauseBetweenBrackets"),
    flag("phonemizeBetweenBrackets"),
    flag("reduceLatency"),
    text("inlineSpeedAlpha"),
    word("language", words<"en", "es", "de", "fr", "ar", "hi", "ja", "he", "pt", "ta", "si">),
    fallback};
constexpr Field smallest_ai[] = {voice_id, word("model", words<"lightning">), number("speed"),
                                 fallback};
constexpr Field tavus[] = {voice_id,
                           text("personaId"),
                           text("callbackUrl"),
                           text("conversationName"),
                           text("conversationalContext"),
                           text("customGreeting"),
                           free_object("properties"),
                           fallback};
constexpr Field vapi[] = {required(word("voiceId", vapi_voices)), anything("version"),
                          number("speed", 0.25, 2), word("language", vapi_voice_languages),
                          list(object("pronunciationDictionary", vapi_locator))};
constexpr Field sesame[] = {voice_id, required(word("model", words<"csm-1b">)), fallback};
constexpr Field inworld[] = {
    required(text("voiceId", 120)), word("model", words<"inworld-tts-1">), text("languageCode"),
    number("temperature", 0.1, 2),  number("speakingRate", 0.5, 1.5),      fallback};
constexpr Field minimax[] = {
    voice_id,
    word("model", words<"speech-02-hd", "speech-02-turbo", "speech-2.5-turbo-preview">),
    text("emotion"),
    word("subtitleType", words<"word", "sentence">),
    number("pitch", -12, 12),
    number("speed", 0.5, 2),
    number("volume", 0.5, 2),
    word("region", words<"worldwide", "china">),
    text("languageBoost"),
    flag("textNormalizationEnabled"),
    fallback};
constexpr Field xai[] = {required(text("voiceId", 120)), text("language"),
                         number("speed", 0.7, 1.5), fallback};
constexpr Field microsoft[] = {
    voice_id,
    text("style"),
    number("styleDegree", 0.01, 2),
    word("role", words<"Girl", "Boy", "YoungAdultFemale", "YoungAdultMale", "OlderAdultFemale",
                       "OlderAdultMale", "SeniorFemale", "SeniorMale">),
    number("speed", 0.5, 2),
    fallback};

constexpr Variant providers[] = {
    {"azure", azure},
    {"cartesia", cartesia},
    {"custom-voice", custom_voice},
    {"deepgram", deepgram},
    {"11labs", eleven_labs},
    {"hume", hume},
    {"lmnt", lmnt},
    {"neuphonic", neuphonic},
    {"openai", openai},
    {"playht", playht},
    {"wellsaid", wellsaid},
    {"rime-ai", rime_ai},
    {"smallest-ai", smallest_ai},
    {"tavus", tavus},
    {"vapi", vapi},
    {"sesame", sesame},
    {"inworld", inworld},
    {"minimax", minimax},
    {"xai", xai},
    {"microsoft", microsoft},
};

constexpr Field common[] = {flag("cachingEnabled"), object("chunkPlan", chunk_plan_shape)};

}  // namespace

constexpr Shape voice{common, "provider", providers};

}  // namespace vapisync::sandbox::schema
