'use strict';

const { freeMegabytes, isFull } = require('./layout');

const noSpace = /ENOSPC|No space left on device|Errno 28/i;

/**
 * A step that cannot go on: what is wrong, and what the reader can do about it.
 */
class SetupError extends Error {
  /**
   * @param {string} what what was found and what was wanted
   * @param {string} fix what to do, as a sentence or a command
   * @param {{ detail?: string, log?: string, diskFull?: true }} [more] the last lines of a program's output, the file that has all, and
   *   whether a full disk is the cause
   */
  constructor(what, fix, more = {}) {
    super(what);
    this.name = 'SetupError';
    this.fix = fix;
    this.detail = more.detail;
    this.log = more.log;
    this.diskFull = more.diskFull;
  }
}

/**
 * Throws where the disk has less room than something needs.
 *
 * @param {string} what it is, with its verb: `the npm packages need`
 * @param {number} megabytes
 * @param {string} place the folder that it goes into
 * @param {string} [there] what is said of where to free some space
 */
function expectRoom(what, megabytes, place, there = 'there') {
  const free = freeMegabytes(place);
  if (free >= megabytes) return;
  throw new SetupError(
    `${what} ${megabytes} MB, and the disk that holds ${place} has ${free} MB left`,
    `Free some space ${there}, then run the same command again.`,
  );
}

/** For `expectRoom`: what is installed first is not all. */
const FOR_ALL = 'there (set-up needs about 2.5 GB in all)';

/** The user's Ctrl-C, or another program's request to stop. */
class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
    this.signal = signal;
  }
}

/**
 * What a failed program's output means, where it is one of the usual causes.
 *
 * @param {string} output
 * @param {string} place the folder whose disk matters
 * @returns {{ what: string, fix: string, diskFull?: true } | undefined}
 */
function knownCause(output, place) {
  if (noSpace.test(output) || isFull(place)) {
    return {
      what: `the disk that holds ${place} is full`,
      fix: 'Free some space there (set-up needs about 2.5 GB in all), then run the same command again. What was finished is kept.',
      diskFull: true,
    };
  }
  if (/EDQUOT|Disk quota exceeded/i.test(output)) {
    return {
      what: `the disk quota at ${place} is used up`,
      fix: 'Free some space there, then run the same command again.',
    };
  }
  if (/DO NOT MATCH THE HASHES|EINTEGRITY|integrity checksum failed/i.test(output)) {
    return {
      what: 'a downloaded file does not have the checksum it must have, so it is not used',
      fix: 'Run the same command again. If it comes back, something between here and the registry changes files: ask whoever runs that proxy or mirror.',
    };
  }
  const network =
    /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|NewConnectionError|Failed to establish a new connection|ConnectTimeout|Read timed out|Temporary failure in name resolution|Name or service not known|Connection refused|Network is unreachable|Connection broken|IncompleteRead|network request to|ProtocolError/i;
  if (network.test(output)) {
    return {
      what: 'the package registry could not be reached, or the connection broke',
      fix: 'Check the network (behind a proxy: HTTPS_PROXY; with a mirror of your own: npm and pip follow their usual configuration), then run the same command again. What was finished is kept.',
    };
  }
  if (
    /CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|unable to verify the first certificate/i.test(
      output,
    )
  ) {
    return {
      what: "the registry's TLS certificate was not accepted",
      fix: 'Behind a proxy with its own certificate, name it: `npm config set cafile FILE` and PIP_CERT=FILE. Then run the same command again.',
    };
  }
  if (/EACCES|EPERM|Permission denied|EROFS|Read-only file system/i.test(output)) {
    return {
      what: `something at ${place} may not be written`,
      fix: 'Make the folder writable for you (a clone in your home folder is), and do not mix runs with and without sudo. Then run the same command again.',
    };
  }
  return undefined;
}

module.exports = { SetupError, Interrupted, expectRoom, FOR_ALL, knownCause, noSpace };
