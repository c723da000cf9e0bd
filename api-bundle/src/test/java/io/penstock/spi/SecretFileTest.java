// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretFileTest {
  @TempDir Path folder;

  private String file(String content) throws IOException {
    return Files.writeString(folder.resolve("secret"), content).toString();
  }

  private static String refused(String file) {
    return assertThrows(IOException.class, () -> SecretFile.read("tokenFile", file)).getMessage();
  }

  @Test
  void theFirstLineIsTheSecret() throws Exception {
    assertEquals("se cret", SecretFile.read("tokenFile", file("se cret")));
    assertEquals("se cret", SecretFile.read("tokenFile", file("se cret\nand a comment\n")));
    assertEquals("sécret", SecretFile.read("tokenFile", file("sécret\r\n")));
  }

  @Test
  void anEmptyFirstLineIsNoSecret() throws Exception {
    String file = folder.resolve("secret").toString();
    for (String content : new String[] {"", "\n", "\r\nhidden\n"}) {
      assertEquals("tokenFile: the first line of " + file + " is empty", refused(file(content)));
    }
  }

  @Test
  void whatCannotBeReadIsToldWithItsReason() throws Exception {
    String none = folder.resolve("none").toString();
    assertEquals("tokenFile: " + none + " cannot be read: there is no such file", refused(none));
    String bytes = folder.resolve("bytes").toString();
    Path unused = Files.write(Path.of(bytes), new byte[] {'a', (byte) 0xff, '\n'});
    assertEquals("tokenFile: " + bytes + " cannot be read: it is not UTF-8", refused(bytes));
    assertEquals(
        "tokenFile: a\0b cannot be read: Nul character not allowed: a\0b", refused("a\0b"));
  }
}
