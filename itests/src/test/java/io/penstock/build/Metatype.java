// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** The descriptions of configurations for Metatype that the build has put into the bundles. */
final class Metatype {
  private static final Path FOLDER = Path.of("OSGI-INF", "metatype");

  private Metatype() {}

  /** Those of all bundles, each the root of its file. */
  static List<Element> ofAllBundles() throws Exception {
    List<Path> bundles = new ArrayList<>(List.of(Path.of("..", "impl-bundle")));
    try (Stream<Path> optional = Files.list(Path.of("..", "bundles"))) {
      bundles.addAll(optional.sorted().toList());
    }
    List<Element> roots = new ArrayList<>();
    for (Path bundle : bundles) {
      for (Path file : files(bundle.resolve("target").resolve("classes"))) {
        try (InputStream in = Files.newInputStream(file)) {
          roots.add(read(in));
        }
      }
    }
    return roots;
  }

  /** The files of a bundle, if it has some, in the folder of its classes. */
  static List<Path> files(Path classes) throws IOException {
    Path folder = classes.resolve(FOLDER);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  /** The root of a description. */
  static Element read(InputStream in)
      throws IOException, ParserConfigurationException, SAXException {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(in).getDocumentElement();
  }

  /** The PID, or the factory PID, that a description is of. */
  static String pid(Element root) {
    Element designate = elements(root, "Designate").get(0);
    String factory = designate.getAttribute("factoryPid");
    return factory.isEmpty() ? designate.getAttribute("pid") : factory;
  }

  /** All elements of a name below another. */
  static List<Element> elements(Element root, String name) {
    NodeList found = root.getElementsByTagName(name);
    return IntStream.range(0, found.getLength()).mapToObj(i -> (Element) found.item(i)).toList();
  }
}
