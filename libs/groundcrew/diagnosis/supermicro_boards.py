"""How Supermicro's boards number their DIMMs, by board id (Get Board ID, network function 30h, command 21h). Pure.

Source: ipmitool lib/ipmi_sel_supermicrooem.c, whose tables of boards these are; where one names a board twice, its
last one holds. Boards that none names number as the newer ones do.
"""

from collections.abc import Callable


def _boards(*lines: str) -> frozenset[int]:
    return frozenset(int(word, 16) for line in lines for word in line.split())


_OLDER = _boards(
    "0001 0002 0003 0006 0007 0008 0009 000a 0100 0101 0400 0401 0403 0404 0408 0409 040a 040b 040d 0410 0600 0601",
    "0602 0603 0604 0605 0606 0607 0608 0609 060a 060b 060c 060d 060e 060f 0610 0611 0612 0613 0614 061a 061b 061c",
    "061d 061e 061f 0620 0621 0622 0623 0624 0627 062d 062e 0631 0632 0633 0634 0638 0640 0641 0642 0644 0645 0646",
    "0647 0648 0650 0652 0653 0654 0655 0656 0657 0658 0659 066b 0690 0691 0734 0743 0808 0809 0811 0820 0823 0828",
    "0829 0839 083c 083d 083f 0847 0848 0849 084a 084c 084d 084f 0850 0851 0855 0856 085a 085d 085e 085f 0862 0863",
    "0866 0867 0868 0869 086a 0870 0873 0874 0875 0876 0878 087a 087b 087c 087e 0883 0887 088a 088b 088c 088d 088e",
    "088f 0897 089e 0902 0903 0904 0905 0906 090a 090b 090c 090e 090f 0910 0911 0912 0913 0914 0915 0918 091a 091b",
    "091f 0920 0925 0926 0929 092c 092f 0933 0934 0935 0936 093b 093c 093d 093f 0940 0942 0943 0944 0945 0947 0948",
    "0949 094a 094b 094c 094d 094e 094f 0954 0956 0957 0959 1011 1111 1211 1311 1411 1511 1611 1711 1811 1911 2011",
    "2111 2211 2311 2411 2511 5980 6280 6480 7380 7480 8080 8180 8280 8480 8580 8680 8780 8880 8980 9080 9180 9280",
    "9380 9480 9580 9680 9780 9880 9980 a011 a080 a111 a211 a280 a311 a380 a480 a511 a580 a611 a680 a711 a780 a811",
    "a880 a911 a980 aa11 aa80 ab11 ab80 ac11 ac80 ad11 ae11 ae80 af11 af80 b080 b180 b280 b380 b480 b580 b680 b780",
    "b880 b980 ba11 ba80 bb11 bb80 bc11 bc80 bd11 bd80 be11 be80 bf11 bf80 c080 c180 c280 c380 ca11 cb11 cd11 ce11",
    "cf11 d011 d080 d111 d180 d280 d380 d480 d580 d680 da80 db80 dc80 dd80 de80 df80 f080 f180 f280 f380 f480 f580",
)
_ROMLEY = _boards(
    "0625 0626 0628 0629 062a 062b 062c 062f 0630 0636 0660 0661 0662 0663 0664 0665 0666 0667 0668 0669 066a 066c",
    "066d 066e 066f 0700 0701 0702 0704 0705 0706 0707 0708 0709 070a 070b 070c 070d 070e 070f 0710 0711 0712 0713",
    "0714 0715 0717 0718 0719 0720 0723 0724 0725 0727 0728 0729 0730 0731 0732 0801 0802 0803 0804 0805 0806 0807",
    "0810 0812 0813 0814 0815 0816 0817 0818 0819 0821 0822 0824 0825 0826 0827 0830 0831 0832 0833 0834 0835 0836",
    "0837 0838 083b 083e 0840 0841 0842 0843 0844 0845 0846 084b 0852 0854 0857 0858 0859 085b 085c 0860 0861 0864",
    "0865 086b 086c 086d 086e 086f 0877 0879 087d 087f 0880 0881 0882 0889 0892 0893 0899 089d 0916 0919 091e 0921",
    "0922 0924 092b 092d 0932 093e 0946 0950",
)
_X9 = _boards(
    "0635 0637 0651 0703 0716 0721 0722 0733",
)
_BRICKLAND = _boards(
    "0726 083a",
)


def _older(data2: int, data3: int) -> str:
    return f"{data2:2X}(CPU{(data3 & 3) + 1:x})"


def _by_channels(channels: int) -> Callable[[int, int], str]:
    """`channels`: letters of each processor; 0 where each begins with A again."""

    def place(data2: int, data3: int) -> str:
        processor = data3 & 3
        letter = chr((data2 >> 4) + 0x40 + processor * channels)
        return f"{letter}{chr((data2 & 0x0F) + 0x27)}(CPU{processor + 1:x})"

    return place


def _eight_sockets(data2: int, data3: int) -> str:
    return f"{chr((data2 >> 4) + 0x40)}{chr((data2 & 0x0F) + 0x27)}(CPU{(data3 & 7) + 1:x})"


def _brickland(data2: int, data3: int) -> str:
    channel, slot = data2 >> 4, data2 & 0x0F
    return f"{chr(0x40 + channel)}{slot - 9}(P{(data3 & 0x0F) + 1}M{2 if channel > 4 else 1})"


_X10OBI = _boards("0923")
_NUMBERINGS = (
    (_X10OBI, _eight_sockets), (_BRICKLAND, _brickland), (_X9, _by_channels(3)), (_ROMLEY, _by_channels(4)),
    (_OLDER, _older),
)  # fmt: skip


def dimm_of(board: int, data2: int, data3: int) -> str:
    """`@DIMMA1(CPU1)`, as ipmitool prints it, of event data 2 and 3; empty where the board is not known (0) or these
    name no slot (numbered from 9 on, the first being 10)."""
    place = next((place for boards, place in _NUMBERINGS if board in boards), _by_channels(0))
    is_slot = place is _older or (data2 >> 4 and data2 & 0x0F >= 9)
    return f"@DIMM{place(data2, data3)}" if board and is_slot else ""
