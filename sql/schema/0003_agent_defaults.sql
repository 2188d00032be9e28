-- What an agent is before anybody said anything about it. Operators may change these rows.

INSERT INTO vapisync.agent_defaults (role, document) VALUES
('inbound', '{
  "name": "Inbound agent",
  "firstMessage": "Hello, how can I help you?",
  "model": {
    "provider": "openai",
    "model": "gpt-4o-mini",
    "messages": [{"role": "system", "content": "You answer incoming calls. Be friendly and brief."}]
  },
  "voice": {"provider": "vapi", "voiceId": "Elliot"},
  "transcriber": {"provider": "deepgram", "model": "nova-2", "language": "en"},
  "maxDurationSeconds": 600
}'),
('outbound', '{
  "name": "Outbound agent",
  "firstMessage": "Hello, do you have a moment?",
  "model": {
    "provider": "openai",
    "model": "gpt-4o-mini",
    "messages": [{"role": "system", "content": "You make outgoing calls. Be friendly and brief."}]
  },
  "voice": {"provider": "vapi", "voiceId": "Elliot"},
  "transcriber": {"provider": "deepgram", "model": "nova-2", "language": "en"},
  "maxDurationSeconds": 600
}');
