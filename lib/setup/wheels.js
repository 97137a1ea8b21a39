/**
 * The wheels that TensorFlow's C library comes in, and what is taken out of them.
 *
 * Any Python may fetch them: only files that no Python loads are taken, so the tag of one Python version (3.12) serves
 * all. The checksums are PyPI's; pip refuses a file that has another.
 */
'use strict';

/**
 * @typedef {'cpu' | 'gpu'} Variant which build of TensorFlow
 *
 * @typedef {object} Wheel
 * @property {string} name as on PyPI
 * @property {string} version
 * @property {string} sha256 of the wheel for this system
 * @property {number} megabytes of the download
 * @property {string[]} take what is extracted: names, or a folder with everything below it (trailing slash)
 *
 * @typedef {object} Target a system that TensorFlow's makers build for
 * @property {boolean} tested whether this project's tests have run there
 * @property {string[]} libraries the two libraries' names
 * @property {string[]} tags of the wheels' platforms, as pip knows them
 * @property {{ cpu: Wheel[], gpu?: Wheel[] }} wheels
 */

const tensorflow = '2.21.0';
const python = '3.12';

const elf = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const machO = ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'];

/**
 * The C API and its headers: 14 headers of the 287 MB that the wheel carries are what the addon includes.
 *
 * @param {string[]} libraries
 */
const taken = (libraries) => [
  ...libraries.map((name) => `tensorflow/${name}`),
  'tensorflow/include/tensorflow/c/',
  'tensorflow/include/tensorflow/core/platform/ctstring.h',
  'tensorflow/include/tensorflow/core/platform/ctstring_internal.h',
  'tensorflow/include/tsl/platform/ctstring.h',
  'tensorflow/include/tsl/platform/ctstring_internal.h',
  'tensorflow/include/xla/tsl/c/',
];

/** @param {[string, string, string, number, string][]} rows name, version, sha256, megabytes, folder to take */
const nvidia = (rows) =>
  rows.map(([name, version, sha256, megabytes, take]) => ({ name, version, sha256, megabytes, take: [take] }));

/** @type {{ cpu: Wheel[], gpu: Wheel[] }} */
const linuxX64 = {
  cpu: [
    {
      name: 'tensorflow-cpu',
      version: tensorflow,
      sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
      megabytes: 274,
      take: taken(elf),
    },
  ],
  // What `pip install tensorflow[and-cuda]==2.21.0` takes, less its Python packages. The libraries find each other by
  // the folders' places beside each other (their run path says ../nvidia/NAME/lib).
  gpu: [
    {
      name: 'tensorflow',
      version: tensorflow,
      sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
      megabytes: 573,
      take: taken(elf),
    },
    ...nvidia([
      [
        'nvidia-cublas-cu12',
        '12.9.3.13',
        'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
        581,
        'nvidia/cublas/lib/',
      ],
      [
        'nvidia-cuda-cupti-cu12',
        '12.8.90',
        'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
        10,
        'nvidia/cuda_cupti/lib/',
      ],
      [
        'nvidia-cuda-nvcc-cu12',
        '12.9.86',
        '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
        41,
        'nvidia/cuda_nvcc/',
      ],
      [
        'nvidia-cuda-nvrtc-cu12',
        '12.9.86',
        '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
        90,
        'nvidia/cuda_nvrtc/lib/',
      ],
      [
        'nvidia-cuda-runtime-cu12',
        '12.9.79',
        '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
        3,
        'nvidia/cuda_runtime/lib/',
      ],
      [
        'nvidia-cudnn-cu12',
        '9.28.0.42',
        '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
        717,
        'nvidia/cudnn/lib/',
      ],
      [
        'nvidia-cufft-cu12',
        '11.4.1.4',
        'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
        201,
        'nvidia/cufft/lib/',
      ],
      [
        'nvidia-curand-cu12',
        '10.3.10.19',
        '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
        68,
        'nvidia/curand/lib/',
      ],
      [
        'nvidia-cusolver-cu12',
        '11.7.5.82',
        '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
        338,
        'nvidia/cusolver/lib/',
      ],
      [
        'nvidia-cusparse-cu12',
        '12.5.10.65',
        '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
        366,
        'nvidia/cusparse/lib/',
      ],
      [
        'nvidia-nccl-cu12',
        '2.32.3',
        'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
        352,
        'nvidia/nccl/lib/',
      ],
      [
        'nvidia-nvjitlink-cu12',
        '12.9.86',
        'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
        40,
        'nvidia/nvjitlink/lib/',
      ],
    ]),
  ],
};

/**
 * @param {string} sha256
 * @param {number} megabytes
 * @param {string[]} libraries
 * @returns {Wheel}
 */
const whole = (sha256, megabytes, libraries) => {
  return { name: 'tensorflow', version: tensorflow, sha256, megabytes, take: taken(libraries) };
};

/** By `process.platform` and `process.arch`. @type {Record<string, Target>} */
const targets = {
  'linux-x64': {
    tested: true,
    libraries: elf,
    // Any glibc since 2.27, and older tags of the nvidia packages.
    tags: ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'manylinux_2_12', 'manylinux2010'].map(
      (tag) => `${tag}_x86_64`,
    ),
    wheels: linuxX64,
  },
  'linux-arm64': {
    tested: false,
    libraries: elf,
    tags: ['manylinux_2_27_aarch64'],
    wheels: { cpu: [whole('b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552', 282, elf)] },
  },
  'darwin-arm64': {
    tested: false,
    libraries: machO,
    tags: ['macosx_12_0_arm64'],
    wheels: { cpu: [whole('56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712', 223, machO)] },
  },
};

/** @returns {Target | undefined} undefined: TensorFlow's makers build nothing for this system */
function targetOf(platform = process.platform, arch = process.arch) {
  return targets[`${platform}-${arch}`];
}

/**
 * pip's description of the machine that the wheels are for.
 *
 * @param {Target} target
 */
const platformArguments = ({ tags }) => [
  '--no-deps',
  '--only-binary=:all:',
  '--implementation=cp',
  `--python-version=${python}`,
  ...tags.map((tag) => `--platform=${tag}`),
];

module.exports = { tensorflow, targets, targetOf, platformArguments };
