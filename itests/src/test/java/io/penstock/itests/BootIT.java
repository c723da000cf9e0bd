// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.penstock.itests.exam.InContainer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/** A container with Penstock in it comes up whole. */
@InContainer
class BootIT {

  @Test
  void everyBundleIsActive(BundleContext context) {
    List<String> inactive =
        Stream.of(context.getBundles())
            .filter(bundle -> bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null)
            .filter(bundle -> bundle.getState() != Bundle.ACTIVE)
            .map(Bundle::toString)
            .toList();

    assertEquals(List.of(), inactive);
  }
}
