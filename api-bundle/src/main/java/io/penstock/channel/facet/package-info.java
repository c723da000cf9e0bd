// SPDX-License-Identifier: Apache-2.0
/**
 * What a channel or listener offers beyond its two ends, where its kind has it: {@link
 * io.penstock.channel.Channel#facet} gives it.
 */
@Export
@Version("0.1.0")
@NullMarked
package io.penstock.channel.facet;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
