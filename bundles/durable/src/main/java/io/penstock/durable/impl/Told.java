// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The users that are to be told, with no lock held.
 *
 * @param users all of them
 * @param flushes those that are over
 */
record Told(List<FileContent> users, List<CompletableFuture<Void>> flushes) {}
