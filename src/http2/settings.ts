/** SETTINGS of both sides. Source: RFC 9113 section 6.5. */
import { breach, ErrorCode } from "./errors.ts";
import {
  DEFAULT_WINDOW_BYTES,
  MAX_MAX_FRAME_BYTES,
  MAX_UINT31,
  MIN_MAX_FRAME_BYTES,
  readUint16,
  readUint32,
  Setting,
} from "./frames.ts";
import type { ResolvedOptions } from "./options.ts";

/** What the peer has said it wants. */
export interface PeerSettings {
  /** The largest frame that it takes. */
  maxFrameBytes: number;
  /** The window of a stream when it opens. */
  initialWindowBytes: number;
  /** How many streams it lets us open. */
  maxConcurrentStreams: number;
}

/** What holds until the peer's SETTINGS come. */
export function defaultPeerSettings(): PeerSettings {
  return {
    maxFrameBytes: MIN_MAX_FRAME_BYTES,
    initialWindowBytes: DEFAULT_WINDOW_BYTES,
    maxConcurrentStreams: Infinity,
  };
}

/** Our settings: number, value, number, value. */
export function ownSettings(role: "client" | "server", options: ResolvedOptions): number[] {
  const first = role === "client"
    ? [Setting.enablePush, 0]
    : [Setting.maxConcurrentStreams, options.maxConcurrentStreams];
  return [
    ...first,
    Setting.initialWindowSize,
    options.streamWindowBytes,
    Setting.maxFrameSize,
    options.maxFrameBytes,
    Setting.maxHeaderListSize,
    options.maxHeaderListBytes,
  ];
}

/** Who is told of a change that means more than another number. */
export interface SettingsSink {
  /** SETTINGS_HEADER_TABLE_SIZE. */
  headerTableBytes(bytes: number): void;
  /** SETTINGS_INITIAL_WINDOW_SIZE: every open stream's window grows by this, or shrinks. */
  windowsGrow(bytes: number): void;
}

/**
 * Takes over the settings of a frame, in their order.
 *
 * @throws {Http2Error} If a value is out of its range.
 */
export function applySettings(
  bytes: Uint8Array,
  start: number,
  end: number,
  fromServer: boolean,
  peer: PeerSettings,
  sink: SettingsSink,
): void {
  for (let at = start; at < end; at += 6) {
    const value = readUint32(bytes, at + 2);
    switch (readUint16(bytes, at)) {
      case Setting.headerTableSize:
        sink.headerTableBytes(value);
        break;
      case Setting.enablePush:
        if (value > (fromServer ? 0 : 1)) outOfRange("ENABLE_PUSH", value);
        break;
      case Setting.maxConcurrentStreams:
        peer.maxConcurrentStreams = value;
        break;
      case Setting.initialWindowSize: {
        if (value > MAX_UINT31) {
          outOfRange("INITIAL_WINDOW_SIZE", value, ErrorCode.flowControlError);
        }
        const more = value - peer.initialWindowBytes;
        peer.initialWindowBytes = value;
        sink.windowsGrow(more);
        break;
      }
      case Setting.maxFrameSize:
        if (value < MIN_MAX_FRAME_BYTES || value > MAX_MAX_FRAME_BYTES) {
          outOfRange("MAX_FRAME_SIZE", value);
        }
        peer.maxFrameBytes = value;
    }
  }
}

function outOfRange(name: string, value: number, code: number = ErrorCode.protocolError): never {
  breach(code, `SETTINGS_${name} of ${value}`);
}
