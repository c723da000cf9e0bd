// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.process;

import io.penstock.channel.ProgramRequest;
import io.penstock.impl.posix.Spawn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.Map;

/**
 * What a peer asks of a child, as variables of its environment: there, nobody takes it for anything
 * but data.
 */
final class Requested {
  private static final String COMMAND = "PENSTOCK_COMMAND";
  private static final String SUBSYSTEM = "PENSTOCK_SUBSYSTEM";
  private static final String TERM = "TERM";

  private Requested() {}

  /**
   * Sets what the peer has said by itself. The names were looked at by the caller that has passed
   * the request on.
   */
  static void variables(ProgramRequest request, Map<String, String> environment) {
    Charset system = Spawn.charset();
    request
        .environment()
        .forEach(
            (name, value) -> {
              // The JDK would put question marks in the place of what cannot be said.
              if (value.indexOf(0) < 0 && system.newEncoder().canEncode(value)) {
                environment.put(name, value);
              }
            });
    // A name with a slash is a path for some.
    request
        .term()
        .filter(term -> term.matches("[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"))
        .ifPresent(term -> environment.put(TERM, term));
  }

  /**
   * Sets what the peer has asked for, byte by byte. Ours, from a peer further up, goes.
   *
   * @throws IOException if the system's character set does not have it
   */
  static void program(String stream, ProgramRequest request, Map<String, String> environment)
      throws IOException {
    environment.remove(COMMAND);
    environment.remove(SUBSYSTEM);
    switch (request.kind()) {
      case COMMAND -> environment.put(COMMAND, text(stream, request.bytes()));
      case SUBSYSTEM -> environment.put(SUBSYSTEM, text(stream, request.bytes()));
      default -> {
        // A shell: there is nothing to say.
      }
    }
  }

  private static String text(String stream, ByteBuffer bytes) throws IOException {
    Charset system = Spawn.charset();
    try {
      String text = system.newDecoder().decode(bytes).toString();
      if (text.indexOf(0) < 0
          && bytes.flip().equals(system.newEncoder().encode(CharBuffer.wrap(text)))) {
        return text;
      }
    } catch (CharacterCodingException e) {
      throw new IOException(refusal(stream, system), e);
    }
    throw new IOException(refusal(stream, system));
  }

  private static String refusal(String stream, Charset system) {
    return stream
        + ": the command that the peer asks for cannot be a variable: expected text in the system's"
        + " character set, which is "
        + system
        + ", without NUL";
  }
}
