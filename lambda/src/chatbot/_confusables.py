"""Characters that look like ASCII. Made by scripts/build_confusables.py; do not edit."""

LOOK_ALIKES = {
    '"': "\xab\xbb\u201c\u201d\u201e\u201f\u2e42\u301d\u301e\u301f",
    "'": "\u2018\u2019\u201a\u201b\u2039\u203a",
    "0": "\U0001f10d",
    "1": "\u2780",
    "2": "\u01a7\u01a8\u01bb\u03e8\u03e9\u14bf\u2781\ua644\ua645\ua6ef\ua75a\ua75b",
    "3": (
        "\u01b7\u021c\u021d\u0292\u0417\u0437\u0498\u0499\u04e0\u04e1\u2782\u2ccc\u2ccd\ua76a"
        "\ua76b\U000118aa\U000118ca\U00016f3b\U0001d206"
    ),
    "4": "\u13ce\u2783\uab9e\U000118af\U000118cf",
    "5": "\u01bc\u2784\U000118bb\U000118db",
    "6": "\u0431\u13ee\u2785\u2cd2\u2cd3\uabbe\U000118d5",
    "7": "\u2786\U000104d2\U000104fa\U000118c6\U0001d212",
    "8": "\u0222\u0223\u09ea\u0a6a\u0b03\u2787\U0001031a",
    "9": (
        "\u09ed\u0a67\u0b68\u0d6d\u2788\u2cca\u2ccb\ua76e\ua76f\ua770\U000118ac\U000118b6"
        "\U000118cc\U000118d6"
    ),
    "a": (
        "\xc0\xc1\xc2\xc3\xc4\xc5\xe0\xe1\xe2\xe3\xe4\xe5\u0100\u0101\u0102\u0103\u0104\u0105"
        "\u01cd\u01ce\u01de\u01df\u01e0\u01e1\u01fa\u01fb\u0200\u0201\u0202\u0203\u0226\u0227"
        "\u023a\u0250\u0251\u0363\u0391\u03b1\u0410\u0430\u13aa\u15c4\u15c5\u1d00\u1d8f\u1df2"
        "\u1e00\u1e01\u1e9a\u1ea0\u1ea1\u1ea2\u1ea3\u1ea4\u1ea5\u1ea6\u1ea7\u1ea8\u1ea9\u1eaa"
        "\u1eab\u1eac\u1ead\u1eae\u1eaf\u1eb0\u1eb1\u1eb2\u1eb3\u1eb4\u1eb5\u1eb6\u1eb7\u212b"
        "\u2200\u2376\u237a\u2c65\u2c6d\u2c6f\u2df6\ua4ee\ua4ef\ua7ba\ua7bb\uab7a\U000102a0"
        "\U00016f40\U0001d217\U0001d6a8\U0001d6c2\U0001d6e2\U0001d6fc\U0001d71c\U0001d736"
        "\U0001d756\U0001d770\U0001d790\U0001d7aa\U0001f150\U0001f170\U0001f1e6\U000e0041"
        "\U000e0061"
    ),
    "b": (
        "\u0180\u0181\u0182\u0183\u0184\u0185\u0243\u0253\u0299\u0392\u03b2\u03d0\u0411\u0412"
        "\u042c\u0432\u044c\u0462\u0463\u048c\u048d\u13cf\u13f4\u13fc\u1472\u1473\u15af\u15f7"
        "\u1c80\u1c87\u1d03\u1d6c\u1d80\u1de8\u1e02\u1e03\u1e04\u1e05\u1e06\u1e07\ua4d0\ua796"
        "\ua797\ua7b4\ua7b5\uab9f\U00010282\U000102a1\U00010301\U0001d6a9\U0001d6e3\U0001d71d"
        "\U0001d757\U0001d791\U0001f151\U0001f171\U0001f1e7\U000e0042\U000e0062"
    ),
    "c": (
        "\xa2\xa9\xc7\xe7\u0106\u0107\u0108\u0109\u010a\u010b\u010c\u010d\u0187\u0188\u023b"
        "\u023c\u0255\u0297\u0368\u037d\u03f2\u03f9\u03ff\u0404\u0421\u0441\u0454\u04aa\u04ab"
        "\u0511\u13df\u1c83\u1d04\u1e08\u1e09\u20a1\u20ac\u2184\u22f4\u2c88\u2c89\u2ca4\u2ca5"
        "\u2ded\ua4da\ua73e\ua73f\ua792\ua793\ua794\ua7c4\uab9b\uabaf\U000102a2\U00010302"
        "\U00010415\U00010429\U0001043d\U0001051c\U000118e9\U000118f2\U0001d6c6\U0001d6dc"
        "\U0001d700\U0001d716\U0001d73a\U0001d750\U0001d774\U0001d78a\U0001d7ae\U0001d7c4"
        "\U0001df0f\U0001df1d\U0001f152\U0001f172\U0001f1e8\U0001f74c\U000e0043\U000e0063"
    ),
    "d": (
        "\xd0\xf0\u010e\u010f\u0110\u0111\u0189\u018a\u018b\u018c\u0221\u0256\u0257\u0369\u0500"
        "\u0501\u13a0\u13e7\u146f\u15de\u15ea\u1d05\u1d6d\u1d81\u1d91\u1dd8\u1e0a\u1e0b\u1e0c"
        "\u1e0d\u1e0e\u1e0f\u1e10\u1e11\u1e12\u1e13\u20ab\ua4d2\ua4d3\ua779\ua77a\ua7c7\ua7c8"
        "\uab70\uabb7\U0001df25\U0001f153\U0001f173\U0001f1a5\U0001f1e9\U000e0044\U000e0064"
    ),
    "e": (
        "\xc8\xc9\xca\xcb\xe8\xe9\xea\xeb\u0112\u0113\u0114\u0115\u0116\u0117\u0118\u0119\u011a"
        "\u011b\u018e\u0190\u01dd\u0204\u0205\u0206\u0207\u0228\u0229\u0246\u0247\u0258\u0259"
        "\u025b\u025c\u025d\u025e\u029a\u0364\u0395\u03b5\u03f5\u0415\u0435\u04bc\u04bd\u04be"
        "\u04bf\u04d9\u0510\u13ac\u13cb\u1d07\u1d08\u1d92\u1d93\u1d94\u1e14\u1e15\u1e16\u1e17"
        "\u1e18\u1e19\u1e1a\u1e1b\u1e1c\u1e1d\u1eb8\u1eb9\u1eba\u1ebb\u1ebc\u1ebd\u1ebe\u1ebf"
        "\u1ec0\u1ec1\u1ec2\u1ec3\u1ec4\u1ec5\u1ec6\u1ec7\u2107\u212e\u2203\u22ff\u2c78\u2c7b"
        "\u2d39\u2d3a\u2df7\ua4f0\ua4f1\ua79d\ua7ab\uab32\uab33\uab34\uab61\uab7c\U00010286"
        "\U00010401\U0001042a\U00010442\U000118a6\U000118ae\U000118ce\U00016f2d\U0001d221"
        "\U0001d6ac\U0001d6e6\U0001d720\U0001d75a\U0001d794\U0001f154\U0001f174\U0001f1ea"
        "\U000e0045\U000e0065"
    ),
    "f": (
        "\u0191\u0192\u03dc\u03dd\u0554\u0584\u15b4\u1d6e\u1d82\u1deb\u1e1e\u1e1f\ua4dd\ua730"
        "\ua77b\ua77c\ua798\ua799\uab35\U00010287\U000102a5\U00010525\U000118a2\U000118c2"
        "\U0001d213\U0001d7ca\U0001f155\U0001f175\U0001f1eb\U000e0046\U000e0066"
    ),
    "g": (
        "\u011c\u011d\u011e\u011f\u0120\u0121\u0122\u0123\u018d\u0193\u01e4\u01e5\u01e6\u01e7"
        "\u01f4\u01f5\u0260\u0261\u0262\u029b\u050c\u050d\u0551\u0581\u13c0\u13f3\u13fb\u1acc"
        "\u1d77\u1d79\u1d83\u1da2\u1dda\u1ddb\u1e20\u1e21\ua4d6\ua77d\ua77e\ua77f\ua7a0\ua7a1"
        "\ua7ac\ua7d0\ua7d1\uab36\uab90\U0001df01\U0001df02\U0001f156\U0001f176\U0001f1ec"
        "\U000e0047\U000e0067"
    ),
    "h": (
        "\u0124\u0125\u0126\u0127\u021e\u021f\u0265\u0266\u029c\u02ae\u02af\u036a\u0370\u0397"
        "\u040b\u041d\u043d\u045b\u04a2\u04a3\u04ba\u04bb\u04c7\u04c8\u04c9\u04ca\u0540\u0570"
        "\u13a8\u13b0\u13bb\u13c2\u13f2\u13fa\u157c\u1d78\u1e22\u1e23\u1e24\u1e25\u1e26\u1e27"
        "\u1e28\u1e29\u1e2a\u1e2b\u1e96\u210f\u2c67\u2c68\u2c75\u2c76\u2c8e\u2c8f\ua4e7\ua694"
        "\ua695\ua6b1\ua727\ua78d\ua795\ua7aa\ua7f5\ua7f6\uab80\uab8b\uab92\U000102cf\U0001d6ae"
        "\U0001d6e8\U0001d722\U0001d75c\U0001d796\U0001f157\U0001f177\U0001f1ed\U000e0048"
        "\U000e0068"
    ),
    "i": (
        "\xcc\xcd\xce\xcf\xec\xed\xee\xef\u0128\u0129\u012a\u012b\u012c\u012d\u012e\u012f\u0130"
        "\u0131\u0196\u0197\u01cf\u01d0\u0208\u0209\u020a\u020b\u0268\u0269\u026a\u02db\u0365"
        "\u037a\u0399\u03b9\u0406\u0456\u04cf\u13a5\u16c1\u1d09\u1d7b\u1d7c\u1d96\u1e2c\u1e2d"
        "\u1e2e\u1e2f\u1ec8\u1ec9\u1eca\u1ecb\u1fbe\u2373\u2378\ua4f2\ua646\ua647\ua7ae\ua7bc"
        "\ua7bd\uab75\U00010309\U000118c3\U0001d6a4\U0001d6b0\U0001d6ca\U0001d6ea\U0001d704"
        "\U0001d724\U0001d73e\U0001d75e\U0001d778\U0001d798\U0001d7b2\U0001df1a\U0001f158"
        "\U0001f178\U0001f1ee\U000e0049\U000e0069"
    ),
    "j": (
        "\u0134\u0135\u01f0\u0237\u0248\u0249\u025f\u0284\u029d\u037f\u03f3\u0408\u0458\u0575"
        "\u13ab\u148d\u1d0a\ua4d9\ua7b2\uab7b\U0001d6a5\U0001f159\U0001f179\U0001f1ef\U000e004a"
        "\U000e006a"
    ),
    "k": (
        "\u0136\u0137\u0138\u0198\u0199\u01e8\u01e9\u029e\u039a\u03ba\u03f0\u041a\u043a\u049a"
        "\u049b\u049e\u049f\u13e6\u16d5\u1d0b\u1d84\u1ddc\u1e30\u1e31\u1e32\u1e33\u1e34\u1e35"
        "\u20ad\u2c69\u2c6a\u2c94\u2c95\ua4d7\ua740\ua741\ua742\ua743\ua744\ua745\ua7a2\ua7a3"
        "\ua7b0\uabb6\U00010518\U0001d6b1\U0001d6eb\U0001d725\U0001d75f\U0001d799\U0001df03"
        "\U0001df10\U0001f15a\U0001f17a\U0001f1f0\U000e004b\U000e006b"
    ),
    "l": (
        "\u0139\u013a\u013b\u013c\u013d\u013e\u013f\u0140\u0141\u0142\u019a\u01c0\u0234\u023d"
        "\u026b\u026c\u026d\u029f\u0345\u04c0\u06f1\u13de\u14aa\u18f3\u1d0c\u1d85\u1ddd\u1dde"
        "\u1dec\u1e36\u1e37\u1e38\u1e39\u1e3a\u1e3b\u1e3c\u1e3d\u2223\u23fd\u2c60\u2c61\u2c62"
        "\u2c92\u2c93\u2cd0\u2cd1\u2d4f\ua4e1\ua746\ua747\ua748\ua749\ua780\ua781\ua78e\ua7ad"
        "\uab38\uab39\uabae\uffe8\U0001028a\U00010320\U0001041b\U00010443\U00010526\U000118a3"
        "\U000118b2\U000118d2\U00016f16\U00016f28\U0001d22a\U0001df04\U0001df11\U0001df13"
        "\U0001df26\U0001f15b\U0001f17b\U0001f1f1\U000e004c\U000e006c"
    ),
    "m": (
        "\xb5\u019c\u026f\u0270\u0271\u036b\u039c\u03bc\u03fa\u03fb\u041c\u043c\u04cd\u04ce"
        "\u057a\u1223\u13b7\u15f0\u16d6\u1d0d\u1d1f\u1d6f\u1d86\u1ddf\u1e3e\u1e3f\u1e40\u1e41"
        "\u1e42\u1e43\u2c6e\u2c98\u2c99\u2de8\ua4df\ua7fa\uab3a\uab51\uab87\U000102b0\U00010311"
        "\U0001d6b3\U0001d6ed\U0001d727\U0001d761\U0001d79b\U0001f15c\U0001f17c\U0001f1f2"
        "\U000e004d\U000e006d"
    ),
    "n": (
        "\xd1\xf1\u0143\u0144\u0145\u0146\u0147\u0148\u019d\u019e\u01f8\u01f9\u0220\u0235\u0272"
        "\u0273\u0274\u0377\u039d\u03b7\u0438\u0548\u054c\u0578\u057c\u1d0e\u1d70\u1d87\u1de0"
        "\u1de1\u1e44\u1e45\u1e46\u1e47\u1e48\u1e49\u1e4a\u1e4b\u2c9a\u2c9b\ua4e0\ua790\ua791"
        "\ua7a4\ua7a5\uab3b\U0001018e\U0001044d\U00010513\U0001d6b4\U0001d6c8\U0001d6ee"
        "\U0001d702\U0001d728\U0001d73c\U0001d762\U0001d776\U0001d79c\U0001d7b0\U0001df27"
        "\U0001f15d\U0001f17d\U0001f1f3\U000e004e\U000e006e"
    ),
    "o": (
        "\xd2\xd3\xd4\xd5\xd6\xd8\xf2\xf3\xf4\xf5\xf6\xf8\u014c\u014d\u014e\u014f\u0150\u0151"
        "\u0186\u019f\u01a0\u01a1\u01d1\u01d2\u01ea\u01eb\u01ec\u01ed\u01fe\u01ff\u020c\u020d"
        "\u020e\u020f\u022a\u022b\u022c\u022d\u022e\u022f\u0230\u0231\u0254\u0275\u030a\u0366"
        "\u037b\u0398\u039f\u03a3\u03b8\u03bf\u03c3\u03d1\u03f4\u03fd\u041e\u043e\u0472\u0473"
        "\u04e8\u04e9\u0555\u0585\u06f5\u0966\u09e6\u0a66\u0ae6\u0b20\u0b66\u0be6\u0c02\u0c66"
        "\u0c82\u0ce6\u0d02\u0d20\u0d66\u0d82\u0e50\u0ed0\u101d\u1040\u10ff\u12d0\u13a4\u13be"
        "\u13eb\u1c82\u1cbf\u1d0f\u1d10\u1d11\u1d12\u1d13\u1d16\u1d17\u1d97\u1ded\u1df3\u1e4c"
        "\u1e4d\u1e4e\u1e4f\u1e50\u1e51\u1e52\u1e53\u1ecc\u1ecd\u1ece\u1ecf\u1ed0\u1ed1\u1ed2"
        "\u1ed3\u1ed4\u1ed5\u1ed6\u1ed7\u1ed8\u1ed9\u1eda\u1edb\u1edc\u1edd\u1ede\u1edf\u1ee0"
        "\u1ee1\u1ee2\u1ee3\u2183\u2296\u229d\u236c\u2c7a\u2c9e\u2c9f\u2d31\u2d41\u2d54\u3007"
        "\ua4db\ua4f3\ua74a\ua74b\ua74c\ua74d\ua7c0\ua7c1\uab3d\uab3e\uab3f\uab74\uab8e\uabbb"
        "\U00010292\U000102ab\U00010404\U00010423\U0001042c\U0001044b\U000104c2\U000104ea"
        "\U00010516\U000114d0\U000118a8\U000118b5\U000118b7\U000118c8\U000118d7\U000118e0"
        "\U0001d21a\U0001d6af\U0001d6b6\U0001d6b9\U0001d6c9\U0001d6d0\U0001d6d4\U0001d6dd"
        "\U0001d6e9\U0001d6f0\U0001d6f3\U0001d703\U0001d70a\U0001d70e\U0001d717\U0001d723"
        "\U0001d72a\U0001d72d\U0001d73d\U0001d744\U0001d748\U0001d751\U0001d75d\U0001d764"
        "\U0001d767\U0001d777\U0001d77e\U0001d782\U0001d78b\U0001d797\U0001d79e\U0001d7a1"
        "\U0001d7b1\U0001d7b8\U0001d7bc\U0001d7c5\U0001df1b\U0001f15e\U0001f17e\U0001f1f4"
        "\U0001f714\U000e004f\U000e006f"
    ),
    "p": (
        "\u01a4\u01a5\u03a1\u03c1\u03f1\u0420\u0440\u13e2\u146d\u18d6\u1d18\u1d29\u1d71\u1d7d"
        "\u1d88\u1dee\u1e54\u1e55\u1e56\u1e57\u2117\u2374\u2c63\u2ca2\u2ca3\u2dec\ua4d1\ua750"
        "\ua751\ua752\ua753\ua754\ua755\uabb2\U00010295\U0001d6b8\U0001d6d2\U0001d6e0\U0001d6f2"
        "\U0001d70c\U0001d71a\U0001d72c\U0001d746\U0001d754\U0001d766\U0001d780\U0001d78e"
        "\U0001d7a0\U0001d7ba\U0001d7c8\U0001f15f\U0001f17f\U0001f18a\U0001f1f5\U000e0050"
        "\U000e0070"
    ),
    "q": (
        "\u024a\u024b\u02a0\u051a\u051b\u0533\u0536\u0563\u0566\u1d90\u2d55\ua756\ua757\ua758"
        "\ua759\ua7af\U0001f160\U0001f180\U0001f1f6\U000e0051\U000e0071"
    ),
    "r": (
        "\xae\u0154\u0155\u0156\u0157\u0158\u0159\u01a6\u0210\u0211\u0212\u0213\u024c\u024d"
        "\u0279\u027a\u027b\u027c\u027d\u027e\u027f\u0280\u0281\u036c\u0413\u0433\u044f\u0492"
        "\u0493\u13a1\u13b1\u13d2\u1587\u18f4\u1acd\u1d19\u1d1a\u1d26\u1d72\u1d73\u1d89\u1de2"
        "\u1e58\u1e59\u1e5a\u1e5b\u1e5c\u1e5d\u1e5e\u1e5f\u2129\u2c64\u2c79\u2c84\u2c85\ua4e3"
        "\ua782\ua783\ua7a6\ua7a7\uab45\uab46\uab47\uab48\uab49\uab4a\uab4b\uab4c\uab68\uab71"
        "\uab81\uaba2\U000104b4\U000104dc\U00016f35\U0001d216\U0001df08\U0001df15\U0001df16"
        "\U0001df28\U0001f161\U0001f181\U0001f1f7\U000e0052\U000e0072"
    ),
    "s": (
        "\xdf\u015a\u015b\u015c\u015d\u015e\u015f\u0160\u0161\u01bd\u0218\u0219\u023f\u0282"
        "\u0405\u0455\u054f\u057f\u13d5\u13da\u13f0\u18f5\u1d74\u1d8a\u1de4\u1de5\u1e60\u1e61"
        "\u1e62\u1e63\u1e64\u1e65\u1e66\u1e67\u1e68\u1e69\u1e9b\u1e9c\u1e9d\u1e9e\u2c7e\ua4e2"
        "\ua731\ua784\ua785\ua7a8\ua7a9\ua7c5\ua7c9\ua7ca\ua7d6\ua7d7\ua7d8\ua7d9\uab37\uaba5"
        "\uabaa\U00010296\U00010420\U00010448\U000118a1\U000118c1\U00016f3a\U0001d6c3\U0001d6fd"
        "\U0001d737\U0001d771\U0001d7ab\U0001df1e\U0001df29\U0001f12a\U0001f162\U0001f182"
        "\U0001f1f8\U000e0053\U000e0073"
    ),
    "t": (
        "\u0162\u0163\u0164\u0165\u0166\u0167\u01ab\u01ac\u01ad\u01ae\u021a\u021b\u0236\u023e"
        "\u0287\u0288\u036d\u03a4\u03c4\u0422\u0442\u04ac\u04ad\u10a0\u13a2\u13bf\u1ace\u1c84"
        "\u1c85\u1d1b\u1d75\u1e6a\u1e6b\u1e6c\u1e6d\u1e6e\u1e6f\u1e70\u1e71\u1e97\u20ae\u22a4"
        "\u2361\u27d9\u2c66\u2ca6\u2ca7\ua4d4\ua4d5\ua786\ua787\ua7b1\uab72\U00010297\U000102b1"
        "\U00010315\U000118bc\U00016f0a\U0001d6bb\U0001d6d5\U0001d6f5\U0001d70f\U0001d72f"
        "\U0001d749\U0001d769\U0001d783\U0001d7a3\U0001d7bd\U0001df09\U0001df0d\U0001df2a"
        "\U0001f163\U0001f183\U0001f1f9\U0001f768\U000e0054\U000e0074"
    ),
    "u": (
        "\xd9\xda\xdb\xdc\xf9\xfa\xfb\xfc\u0168\u0169\u016a\u016b\u016c\u016d\u016e\u016f\u0170"
        "\u0171\u0172\u0173\u01af\u01b0\u01d3\u01d4\u01d5\u01d6\u01d7\u01d8\u01d9\u01da\u01db"
        "\u01dc\u0214\u0215\u0216\u0217\u0244\u0289\u0367\u03c5\u054d\u057d\u1200\u13cc\u144c"
        "\u1d1c\u1d1d\u1d1e\u1d7e\u1d99\u1df0\u1df4\u1e72\u1e73\u1e74\u1e75\u1e76\u1e77\u1e78"
        "\u1e79\u1e7a\u1e7b\u1ee4\u1ee5\u1ee6\u1ee7\u1ee8\u1ee9\u1eea\u1eeb\u1eec\u1eed\u1eee"
        "\u1eef\u1ef0\u1ef1\u222a\u22c3\ua4f4\ua79e\ua79f\ua7b8\ua7b9\ua7be\ua7bf\uab4e\uab52"
        "\uab9c\U000104ce\U000104f6\U000118b8\U000118d8\U00016f42\U0001d6d6\U0001d710\U0001d74a"
        "\U0001d784\U0001d7be\U0001f164\U0001f184\U0001f1fa\U000e0055\U000e0075"
    ),
    "v": (
        "\u01b2\u0245\u028b\u028c\u0306\u036e\u039b\u03bd\u041b\u0474\u0475\u06f7\u06f8\u13d9"
        "\u142f\u1431\u1d20\u1d27\u1d8c\u1e7c\u1e7d\u1e7e\u1e7f\u2228\u22c1\u2c71\u2c74\u2d37"
        "\u2d38\ua4e5\ua4e6\ua6ce\ua6df\ua75e\ua75f\uaba9\U00010197\U0001028d\U000104b0"
        "\U000104d8\U0001051d\U00011706\U000118a0\U000118c0\U00016f08\U00016f3d\U0001d20d"
        "\U0001d6b2\U0001d6ce\U0001d6ec\U0001d708\U0001d726\U0001d742\U0001d760\U0001d77c"
        "\U0001d79a\U0001d7b6\U0001f165\U0001f185\U0001f1fb\U0001f708\U000e0056\U000e0076"
    ),
    "w": (
        "\u0174\u0175\u028d\u0460\u0461\u047c\u047d\u051c\u051d\u0531\u0561\u13b3\u13d4\u1d21"
        "\u1df1\u1e80\u1e81\u1e82\u1e83\u1e84\u1e85\u1e86\u1e87\u1e88\u1e89\u1e98\u20a9\u2c72"
        "\u2c73\ua4ea\ua760\ua761\ua7c2\ua7c3\uab83\uaba4\U000114c5\U0001170a\U0001170e"
        "\U0001170f\U000118e6\U000118ef\U0001f166\U0001f186\U0001f1fc\U000e0057\U000e0077"
    ),
    "x": (
        "\xd7\u036f\u03a7\u03c7\u0425\u0445\u04b2\u04b3\u1541\u157d\u166d\u166e\u16b7\u1d8d"
        "\u1e8a\u1e8b\u1e8c\u1e8d\u2573\u292b\u292c\u2a2f\u2a30\u2cac\u2cad\u2d5d\u2def\ua4eb"
        "\ua7b3\uab53\uab56\uab57\uab58\uab59\U00010196\U00010290\U000102b4\U00010317\U00010322"
        "\U00010527\U000118ec\U0001d6be\U0001d6f8\U0001d732\U0001d76c\U0001d7a6\U0001f167"
        "\U0001f187\U0001f1fd\U000e0058\U000e0078"
    ),
    "y": (
        "\xa5\xdd\xfd\xff\u0176\u0177\u0178\u0194\u01b3\u01b4\u0232\u0233\u024e\u024f\u0263"
        "\u028e\u028f\u0393\u03a5\u03b3\u03d2\u0423\u0443\u04ae\u04af\u04b0\u04b1\u10e7\u13a9"
        "\u13bd\u1ca7\u1e8e\u1e8f\u1e99\u1ef2\u1ef3\u1ef4\u1ef5\u1ef6\u1ef7\u1ef8\u1ef9\u1efe"
        "\u1eff\u213d\u2ca8\u2ca9\ua4ec\uab5a\uab79\uab8d\U000102b2\U000118a4\U000118dc"
        "\U00016f43\U0001d6bc\U0001d6c4\U0001d6f6\U0001d6fe\U0001d730\U0001d738\U0001d76a"
        "\U0001d772\U0001d7a4\U0001d7ac\U0001df06\U0001f168\U0001f188\U0001f1fe\U000e0059"
        "\U000e0079"
    ),
    "z": (
        "\u0179\u017a\u017b\u017c\u017d\u017e\u01b5\u01b6\u01c5\u0224\u0225\u0240\u0290\u0291"
        "\u0396\u03b6\u13c3\u1646\u1d22\u1d76\u1d8e\u1de6\u1e90\u1e91\u1e92\u1e93\u1e94\u1e95"
        "\u2c6b\u2c6c\u2c7f\ua4dc\ua762\ua763\ua7c6\uab93\U000102f5\U000118a9\U000118c4"
        "\U000118c9\U000118e5\U0001d6ad\U0001d6e7\U0001d721\U0001d75b\U0001d795\U0001f169"
        "\U0001f189\U0001f1ff\U000e005a\U000e007a"
    ),
}
