// SPDX-License-Identifier: Apache-2.0
/**
 * What places that keep durable pipes have in common: the bytes on their way there and back, and
 * the keys. For authors of {@link io.penstock.spi.PipeProvider}. Nothing here waits.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.spi.content;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
